import { validate } from 'class-validator';
import type { ValidationError } from 'class-validator';
import type { Violation } from '../../ogc/problems/domain-error.js';
import { pointerPart } from '../../ogc/json-pointer.js';

/**
 * Runs class-validator on an instance of a DTO, for what a schema cannot express.
 * @param pointer of the instance, put before the pointers of violations
 */
export async function validateInstance(instance: object, pointer = '/inputs'): Promise<Violation[]> {
  const errors = await validate(instance, {
    forbidUnknownValues: false,
    validationError: { target: false, value: false },
  });
  return errors.flatMap((error) => violations(error, pointer));
}

function violations({ property, constraints, children }: ValidationError, parent: string): Violation[] {
  const pointer = `${parent}/${pointerPart(property)}`;
  const own = Object.values(constraints ?? {}).map((text) => ({ pointer, detail: sentence(text) }));
  return [...own, ...(children ?? []).flatMap((child) => violations(child, pointer))];
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
