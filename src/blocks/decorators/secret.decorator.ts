import { PropertyMarks } from '../../processes/decorators/property-marks.js';

const marks = new PropertyMarks<true>('sluice:secrets');

/**
 * Makes a field of a block a secret: encrypted in the database, never shown again, kept out of logs. The value is
 * text, or an object as a whole. Instead of text a document may hold `{"$block": "secret/<name>"}`.
 */
export function Secret(): PropertyDecorator {
  return (prototype, property) => marks.set(prototype, property, true);
}

/** The names of the secrets of a class and its base classes. */
export function secretsOf(type: { readonly prototype: object }): ReadonlySet<string> {
  return new Set(marks.of(type.prototype).keys());
}
