import { randomUUID } from 'node:crypto';

/** Holds a backslash, so that no key bears such a name. */
const BEGINNING = '.partial\\';

/** The name of a file that is being written; it is unlike all keys. */
export function partialName(): string {
  return `${BEGINNING}${randomUUID()}`;
}

export function isPartial(name: string): boolean {
  return name.startsWith(BEGINNING);
}
