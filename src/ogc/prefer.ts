/** What a client asks for in `Prefer` headers; preferences that mean nothing to this service are not in here. */
export interface Preferences {
  /** `respond-async`: the client would rather get a job than wait. */
  readonly respondAsync: boolean;
  /** `wait`: seconds the client is ready to wait for a synchronous answer. */
  readonly wait?: number;
  /** `return`: how large the answer should be. */
  readonly return?: 'minimal' | 'representation';
  /** `handling`: whether to refuse a request that is not quite right. */
  readonly handling?: 'strict' | 'lenient';
  /** `validate-only`: check the request and do nothing. Ours; also understood as a parameter of `handling`. */
  readonly validateOnly: boolean;
}

/** Longer waits are cut to this: about 31 years, far beyond any limit of the service and exact in a timer. */
const LONGEST_WAIT = 1_000_000_000;

const QUOTED = /"(?:[^"\\]|\\.)*"?/gs;
const LIST_ITEM = /(?:[^",]|"(?:[^"\\]|\\.)*"?)+/g;
const BEFORE_PARAMETERS = /^(?:[^";]|"(?:[^"\\]|\\.)*"?)*/;
const PREFERENCE = /^([!#$%&'*+.^_`|~\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~\w-]*)))?$/s;

/**
 * Reads `Prefer` headers (RFC 7240): one or several, each a list; names without regard to case; of a repeated
 * preference the first one counts. Whatever cannot be read or is not known is ignored, as the RFC asks.
 */
export function parsePrefer(header: string | readonly string[] | undefined): Preferences {
  if (header === undefined) return NOTHING_PREFERRED;
  if (typeof header !== 'string') return readPreferences(header);
  if (last?.header !== header) last = { header, preferences: readPreferences(header) };
  return last.preferences;
}

function readPreferences(header: string | readonly string[]): Preferences {
  const given = new Map<string, string>();
  const items = [header].flat().join(',').match(LIST_ITEM) ?? [];
  for (const item of items) {
    const [, name, quoted, plain] = PREFERENCE.exec(BEFORE_PARAMETERS.exec(item)![0].trim()) ?? [];
    if (name === undefined || given.has(name.toLowerCase())) continue;
    given.set(name.toLowerCase(), quoted?.replace(/\\(.)/gs, '$1') ?? plain ?? '');
  }
  const wait = given.get('wait');
  const [, ...parameters] = (items.find((item) => /^\s*handling\b/i.test(item)) ?? '').replace(QUOTED, '').split(';');
  return {
    respondAsync: given.get('respond-async') === '',
    wait: wait !== undefined && /^\d+$/.test(wait) ? Math.min(Number(wait), LONGEST_WAIT) : undefined,
    return: oneOf(given.get('return'), ['minimal', 'representation'] as const),
    handling: oneOf(given.get('handling'), ['strict', 'lenient'] as const),
    validateOnly:
      given.get('validate-only') === '' || parameters.some((text) => text.trim().toLowerCase() === 'validate-only'),
  };
}

/** What most requests ask for. */
const NOTHING_PREFERRED = readPreferences('');

/** Read once for all requests that say the same, as those of one client do. */
let last: { readonly header: string; readonly preferences: Preferences } | undefined;

/**
 * The value of `Preference-Applied` for the preferences that were honoured (OGC 18-062r2
 * /rec/core/process-execute-preference-applied).
 * @returns nothing when none was honoured; the header is then left out
 */
export function formatPreferenceApplied(honoured: Partial<Preferences>): string | undefined {
  const parts: string[] = [];
  if (honoured.respondAsync) parts.push('respond-async');
  if (honoured.wait !== undefined) parts.push(`wait=${honoured.wait}`);
  if (honoured.return) parts.push(`return=${honoured.return}`);
  if (honoured.handling) parts.push(`handling=${honoured.handling}`);
  if (honoured.validateOnly) parts.push('validate-only');
  return parts.length > 0 ? parts.join(', ') : undefined;
}

function oneOf<T extends string>(value: string | undefined, known: readonly T[]): T | undefined {
  return known.find((candidate) => candidate === value?.toLowerCase());
}
