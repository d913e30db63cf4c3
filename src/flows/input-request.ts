import type { Type } from '@nestjs/common';
import { inputsOf } from '../processes/decorators/input.decorator.js';
import { noDuration, parseDuration } from '../processes/definition/duration.js';
import { DtoSchemaReader } from '../processes/schema/dto-schema.reader.js';
import { ValueValidators } from '../processes/validation/value-validator.js';
import type { InputRequest } from './step-journal.js';

/** How long an answer is waited for when nobody says, milliseconds: a day. */
const DEFAULT_TIMEOUT = 86_400_000;

/**
 * What is asked for, from a class or a JSON Schema.
 * @throws DtoSchemaError for a class that no schema can be made of
 * @throws TypeError for a timeout that is no duration, a class without `@Input()`, and a schema that no answer could be
 *   checked against
 */
export function inputRequest(
  question: Type | Readonly<Record<string, unknown>>,
  { timeout = DEFAULT_TIMEOUT, message }: { timeout?: number | string; message?: string },
): InputRequest {
  const milliseconds = parseDuration(timeout);
  if (milliseconds === undefined || milliseconds === 0) {
    throw new TypeError(
      milliseconds === 0 ? 'Nobody can answer within a timeout of 0' : `timeout: ${noDuration(timeout)}`,
    );
  }
  const schema = typeof question === 'function' ? schemaOf(question) : question;
  requireUsable(schema);
  return { schema, timeout: milliseconds, ...(message && { message }) };
}

/** The class that an answer becomes an instance of. */
export function answerClass(question: Type | Readonly<Record<string, unknown>>): Type | undefined {
  return typeof question === 'function' ? question : undefined;
}

/** Nobody could answer it, and the job would wait in vain. */
function requireUsable(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new TypeError(`What is asked for is a class with @Input(), or a JSON Schema, not ${JSON.stringify(schema)}`);
  }
  try {
    new ValueValidators('inputs').compile(schema);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TypeError(`The JSON Schema of the answer is wrong: ${reason}. It is ${JSON.stringify(schema)}`, {
      cause: error,
    });
  }
}

function schemaOf(dto: Type): Record<string, unknown> {
  if (inputsOf(dto).size === 0) {
    throw new TypeError(`No property of the class ${dto.name} has @Input(); put @Input() on each that is asked for`);
  }
  const properties = [...new DtoSchemaReader().properties(dto)];
  const required = properties.filter(([, { optional }]) => !optional).map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(
      properties.map(([name, { schema, mark }]) => [
        name,
        {
          ...schema,
          ...(mark.title !== undefined && { title: mark.title }),
          ...(mark.description !== undefined && { description: mark.description }),
        },
      ]),
    ),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}
