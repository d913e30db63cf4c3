import type { OpenAPIObject } from '@nestjs/swagger';

type Document = Pick<OpenAPIObject, 'paths' | 'components'>;
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** Responses that are the same for every process, and what they are called in the components. */
const RESPONSES: Readonly<Record<string, string>> = { '201': 'JobCreated', '204': 'NoContent', '422': 'KeyReused' };

/**
 * Moves what the operations of all processes have in common into the components: parameters other than those of the
 * path, and the responses that do not depend on the process. Without it, each process would repeat them.
 */
export function shareParts(document: Document, operations: readonly Operation[]): void {
  const parameters: Record<string, unknown> = (document.components!.parameters ??= {});
  const responses: Record<string, unknown> = (document.components!.responses ??= {});
  for (const operation of operations) {
    operation.parameters = operation.parameters?.map((parameter) => {
      if (!('name' in parameter) || parameter.in === 'path') return parameter;
      parameters[parameter.name] = parameter;
      return { $ref: `#/components/parameters/${parameter.name}` };
    });
    for (const [status, name] of Object.entries(RESPONSES)) {
      responses[name] ??= operation.responses[status];
      operation.responses[status] = { $ref: `#/components/responses/${name}` };
    }
  }
}
