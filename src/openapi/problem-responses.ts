import type { OpenAPIObject } from '@nestjs/swagger';
import { MediaType } from '../ogc/media-type.js';
import { PROBLEM_CATALOG } from '../ogc/problems/problem-catalog.js';
import { schemaRef } from './components/schema-ref.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Components = NonNullable<OpenAPIObject['components']>;

/** Statuses that operations refer to by name; the others are met before a route is known, or declared in place. */
const NAMED = new Set([400, 404, 406, 413, 415, 500, 503]);
const OTHER_PROBLEM = 'Problem';
const PROBLEM_CONTENT = {
  [MediaType.problem]: { schema: schemaRef('exception') },
  [MediaType.json]: { schema: schemaRef('exception') },
};

/** Name of the shared response for one status code. */
const responseName = (status: number) => `Problem${status}`;

/** `exception.yaml` of the standard with the members that this service adds. */
const EXCEPTION_SCHEMA = {
  type: 'object',
  description: 'A problem document (RFC 9457)',
  required: ['type'],
  additionalProperties: true,
  properties: {
    type: { type: 'string', description: 'URI of the kind of problem' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string', description: 'URN of this occurrence, which the log of the service names too' },
    jobID: { type: 'string', description: 'The job on record that this is about' },
    errors: {
      type: 'array',
      description: 'Every violation found in the request',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: {
          pointer: { type: 'string', format: 'json-pointer', description: 'Where in the request body' },
          detail: { type: 'string' },
        },
      },
    },
  },
};

/** The schema of problem documents and one response per status code of the catalog. */
export function problemComponents(): Pick<Components, 'schemas' | 'responses'> {
  const byStatus = new Map<number, string[]>();
  for (const { status, title, type } of Object.values(PROBLEM_CATALOG)) {
    byStatus.set(status, [...(byStatus.get(status) ?? []), `- ${title} (\`${type}\`)`]);
  }
  const describe = (lines: string[]) => ({
    description: `One of:\n${[...new Set(lines)].join('\n')}`,
    content: PROBLEM_CONTENT,
  });
  const entries = [...byStatus];
  const responses = entries
    .filter(([status]) => NAMED.has(status))
    .map(([status, lines]) => [responseName(status), describe(lines)]);
  const other = describe(entries.filter(([status]) => !NAMED.has(status)).flatMap(([, lines]) => lines));
  return {
    schemas: { exception: EXCEPTION_SCHEMA },
    responses: { ...Object.fromEntries(responses), [OTHER_PROBLEM]: other },
  };
}

/**
 * Adds the problems that any operation of its kind may answer with (OGC 18-062r2 /req/oas30/completeness and
 * /req/oas30/exceptions-codes), and `default` for those that come before a route is known, such as 431. Responses that
 * the operation declares itself stay; to those of an error status the problem document is added.
 */
export function addProblemResponses(operation: Operation, method: string, path: string): void {
  const { responses } = operation;
  for (const [status, response] of Object.entries(responses)) {
    if (Number(status) >= 400 && response && !('$ref' in response)) {
      response.content = { ...response.content, ...withoutKeys(PROBLEM_CONTENT, response.content) };
    }
  }
  const statuses = [400, 406, 500, 503];
  // The standard's definition has 404 for the list of jobs too: a service may not offer it.
  if (path.includes('{') || path === '/jobs') statuses.push(404);
  if (['post', 'put', 'patch'].includes(method)) statuses.push(413, 415);
  for (const status of statuses) responses[String(status)] ??= reference(responseName(status));
  responses.default ??= reference(OTHER_PROBLEM);
}

const reference = (name: string) => ({ $ref: `#/components/responses/${name}` });

function withoutKeys<T extends object>(given: T, taken: object = {}): Partial<T> {
  return Object.fromEntries(Object.entries(given).filter(([key]) => !(key in taken))) as Partial<T>;
}
