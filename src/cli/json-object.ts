/** An object in the sense of JSON: no array, not null. The command line imports no other room, so it has this of its own. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
