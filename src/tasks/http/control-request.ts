import { z } from 'zod';
import { parseBody } from '../../ogc/http/parse-body.js';
import { DomainError } from '../../ogc/problems/domain-error.js';
import { isStorableText } from '../../database/storable-text.js';
import type { Resumption } from '../pause.service.js';
import type { RepetitionStart } from '../repetition.service.js';

const DETAIL = 'The request does not say what is to be done with the job.';
const KEY = z.string().min(1).max(1_000).refine(isStorableText, 'must not hold NUL characters or lone surrogates');

const RESUMPTION = z.strictObject({ task: KEY.optional(), input: z.unknown().optional() });

const REPETITION = z.strictObject({
  from: KEY.optional(),
  task: KEY.optional(),
});

/** Reads the body of `POST /jobs/{jobID}/resume`. @throws DomainError `invalid-parameter` with every violation */
export function parseResumption(body: unknown): Resumption {
  return parse(RESUMPTION, body ?? {});
}

/**
 * Reads where a repetition begins, from the body of `POST /jobs/{jobID}/retry` and its query, which the body wins over.
 * A `task` alone means from there, and so does the key of a step in the place of the three words.
 * @throws DomainError `invalid-parameter` with every violation
 */
export function parseRepetition(body: unknown, query: Readonly<Record<string, unknown>>): RepetitionStart {
  const said = Object.entries({ from: query.from, task: query.task }).filter(([, value]) => value !== undefined);
  const given = isObject(body) ? { ...Object.fromEntries(said), ...body } : (body ?? Object.fromEntries(said));
  const { from, task } = parse(REPETITION, given);
  if (task === undefined) {
    if (from === 'task') throw invalid([{ pointer: '/task', detail: 'This member is required.' }]);
    if (from === undefined || from === 'failure' || from === 'start') return { from: from ?? 'failure' };
    return { from: 'task', task: from };
  }
  if (from !== undefined && from !== 'task') {
    throw invalid([{ pointer: '/task', detail: `has no meaning with from: ${from}` }]);
  }
  return { from: 'task', task };
}

function parse<T>(shape: z.ZodType<T>, value: unknown): T {
  return parseBody(shape, value, DETAIL);
}

function invalid(errors: { pointer: string; detail: string }[]): DomainError {
  return new DomainError('invalid-parameter', DETAIL, { errors });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
