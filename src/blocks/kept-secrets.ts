import { isJsonObject, type JsonObject } from '../ogc/json-object.js';

/** What a document shows in the place of a secret that is set; sent back, it means the stored one. */
export const SECRET_MARK = { $secret: true } as const;

/** Whether a value is {@link SECRET_MARK}. */
export function isSecretMark(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value).length === 1 && value.$secret === true;
}

/** The values of a document as anybody may see them. @param secrets whose names are secrets that are set */
export function shownValues(values: JsonObject, secrets: object): JsonObject {
  return { ...values, ...Object.fromEntries(Object.keys(secrets).map((name) => [name, SECRET_MARK])) };
}
