import { jsonPointer } from './json-pointer.js';

interface Place {
  readonly node: object;
  readonly parent?: Place;
  readonly key?: string;
}

/**
 * Looks for a number that is too large for JavaScript: `JSON.parse` reads `1e400` as Infinity, which no JSON document
 * can hold again.
 * @param value as parsed from JSON text, however deep
 * @returns a JSON pointer (RFC 6901) to the first such number that is met; nothing when all are finite
 */
export function nonFiniteNumber(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : '';
  return isContainer(value) && holdsNonFinite(value) ? findIn(value) : undefined;
}

/** The quick look that nearly every document passes; places are not remembered. */
function holdsNonFinite(root: object): boolean {
  const pending = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    for (const member of Array.isArray(node) ? (node as unknown[]) : Object.values(node)) {
      if (typeof member === 'number' && !Number.isFinite(member)) return true;
      if (isContainer(member)) pending.push(member);
    }
  }
  return false;
}

function findIn(root: object): string | undefined {
  const pending: Place[] = [{ node: root }];
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    for (const [key, member] of Object.entries(place.node) as [string, unknown][]) {
      if (typeof member === 'number' && !Number.isFinite(member)) return pointerTo(place, key);
      if (isContainer(member)) pending.push({ node: member, parent: place, key });
    }
  }
  return undefined;
}

function pointerTo(place: Place, key: string): string {
  const tokens = [key];
  for (let at: Place = place; at.parent !== undefined; at = at.parent) tokens.push(at.key!);
  return tokens
    .reverse()
    .map((token) => jsonPointer(token))
    .join('');
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
