import type { OpenAPIObject } from '@nestjs/swagger';
import { problemComponents } from '../problem-responses.js';
import { CALLBACK_REFERENCES, CALLBACKS } from './callback-components.js';
import { DESCRIPTION_SCHEMAS } from './description-schemas.js';
import { EXECUTE_SCHEMAS } from './execute-schemas.js';
import { VALUE_SCHEMAS } from './value-schemas.js';

type Document = Pick<OpenAPIObject, 'components' | 'paths'>;
type Components = NonNullable<OpenAPIObject['components']>;

/**
 * Adds the components that no DTO class stands for. Those of executions only where the document has executions, so
 * that none is left unused.
 */
export function addComponents(document: Document): void {
  const { components = {} } = document;
  const problems = problemComponents();
  const execute = document.paths['/processes/{processID}/execution']?.post;
  const schemas = execute ? { ...VALUE_SCHEMAS, ...EXECUTE_SCHEMAS, ...DESCRIPTION_SCHEMAS } : {};
  document.components = {
    ...components,
    schemas: sorted({
      ...withPlainReferences(components.schemas),
      ...problems.schemas,
      ...(schemas as unknown as Components['schemas']),
    }),
    responses: { ...components.responses, ...problems.responses },
  };
  if (!execute) return;
  document.components.callbacks = CALLBACKS as Components['callbacks'];
  execute.callbacks = CALLBACK_REFERENCES;
}

function sorted<T>(values: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Swagger wraps the reference to a named enumeration in an `allOf` of one. */
function withPlainReferences<T>(schemas: T): T {
  return JSON.parse(JSON.stringify(schemas ?? {}), (_key, node: { allOf?: object[] } | null) =>
    node?.allOf?.length === 1 && Object.keys(node).length === 1 ? node.allOf[0] : node,
  ) as T;
}
