import type { z } from 'zod';
import { jsonPointer } from '../json-pointer.js';
import { DomainError } from '../problems/domain-error.js';
import { memberFault } from './member-fault.js';

/**
 * Reads a small request body.
 * @param detail of the problem when it does not fit
 * @throws DomainError `invalid-parameter` with every violation
 */
export function parseBody<T>(shape: z.ZodType<T>, value: unknown, detail: string): T {
  const parsed = shape.safeParse(value, { error: memberFault });
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) => {
    const places = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    return places.map((path) => ({ pointer: jsonPointer(...path.map(String)), detail: issue.message }));
  });
  throw new DomainError('invalid-parameter', detail, { errors });
}
