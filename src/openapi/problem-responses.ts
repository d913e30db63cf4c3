import type { OpenAPIObject } from '@nestjs/swagger';
import { MediaType } from '../ogc/negotiation/media-type.js';
import { PROBLEM_CATALOG } from '../ogc/problems/problem-catalog.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Components = NonNullable<OpenAPIObject['components']>;

/** Name of the shared response for one status code. */
const responseName = (status: number) => `Problem${status}`;

const PROBLEM_SCHEMA = {
  type: 'object',
  description: 'A problem document (RFC 9457)',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string', format: 'uri', description: 'Says which kind of problem it is' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string', format: 'uri', description: 'Names this occurrence in the log of the service' },
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
  const schema = { $ref: '#/components/schemas/Problem' };
  const content = { [MediaType.problem]: { schema }, [MediaType.json]: { schema } };
  const responses = [...byStatus].map(([status, lines]) => [
    responseName(status),
    { description: `One of:\n${[...new Set(lines)].join('\n')}`, content },
  ]);
  return { schemas: { Problem: PROBLEM_SCHEMA }, responses: Object.fromEntries(responses) };
}

/**
 * Adds the problems that any operation of its kind may answer with (OGC 18-062r2 /req/oas30/completeness and
 * /req/oas30/exceptions-codes); responses that the operation declares itself stay.
 */
export function addProblemResponses(operation: Operation, method: string, path: string): void {
  const statuses = [400, 406, 500, 503];
  if (path.includes('{')) statuses.push(404);
  if (['post', 'put', 'patch'].includes(method)) statuses.push(413, 415);
  for (const status of statuses) {
    operation.responses[String(status)] ??= { $ref: `#/components/responses/${responseName(status)}` };
  }
}
