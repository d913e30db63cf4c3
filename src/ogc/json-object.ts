/** A JSON object whose members nobody has looked at yet. */
export type JsonObject = Record<string, unknown>;

/** An object in the sense of JSON: no array, not null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A member the client sent, never one that every object inherits.
 * @param value any JSON value
 */
export function ownMember(value: JsonObject, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}
