import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import type { Violation } from '../ogc/problems/domain-error.js';
import { toJsonValue } from '../processes/json-value.js';

/** Bytes of JSON that a step may return. */
const LARGEST = 1024 * 1024;

/** A result as it is remembered: what a replay returns, and therefore the first run as well. */
export function rememberedValue(step: string, value: unknown): unknown {
  if (value === undefined) return undefined;
  const violations: Violation[] = [];
  const plain = toJsonValue(value, '', violations);
  if (violations.length > 0) {
    const [{ pointer, detail }] = violations;
    throw new TypeError(
      `The result of the step "${step}" cannot be remembered: it ${pointer && `(${pointer}) `}${detail}.`,
    );
  }
  const text = JSON.stringify(plain);
  const size = Buffer.byteLength(text);
  if (size > LARGEST) {
    throw new RangeError(
      `The result of the step "${step}" has ${size} bytes as JSON, more than 1 MiB. Write it with context.outputs.write, ` +
        'or to storage of your own, and return where it is.',
    );
  }
  return JSON.parse(text);
}

/** Turns a remembered result into instances of the class that its author names. */
export function revive(value: unknown, returns: Type | undefined): unknown {
  if (returns === undefined || typeof value !== 'object' || value === null) return value;
  return plainToInstance(returns, value);
}
