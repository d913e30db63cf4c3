import type { OpenAPIObject } from '@nestjs/swagger';
import { MediaType } from '../ogc/media-type.js';
import type { InputDescription, OgcSchema, ProcessDescription } from '../processes/process-description.js';
import { schemaRef } from './components/schema-ref.js';
import { toOpenApiSchema } from './openapi-schema.js';
import { executeExample } from './process-example.js';
import { componentNames, executeRequestSchema, isRequired, resultsSchema } from './process-schemas.js';
import { shareParts } from './shared-parts.js';

type Document = Pick<OpenAPIObject, 'paths' | 'components'>;
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Response = Exclude<Operation['responses'][string], { $ref: string } | undefined>;
type Parameter = Extract<NonNullable<Operation['parameters']>[number], { name: string }>;

const GENERAL_PATH = '/processes/{processID}/execution';

/**
 * Describes the execution of each process: a path of its own with its inputs and outputs, made from the general
 * operations, and an example for the general operation. Does nothing in a document that has no general path.
 */
export function addProcessOperations(document: Document, processes: readonly ProcessDescription[]): void {
  const general = document.paths[GENERAL_PATH];
  if (!general?.post || !general.get) return;
  shareParts(document, [general.post, general.get]);
  const examples: Record<string, { summary?: string; value: unknown }> = {};
  for (const process of processes) {
    const names = componentNames(process.id);
    document.components!.schemas![names.request] = executeRequestSchema(process);
    document.components!.schemas![names.results] = resultsSchema(process);
    const value = executeExample(process);
    if (value !== undefined) examples[process.id] = { summary: process.title, value };
    document.paths[`/processes/${encodeURIComponent(process.id)}/execution`] = {
      post: {
        ...specific(general.post, process, `execute-${process.id}`),
        requestBody: {
          required: Object.values(process.inputs).some(isRequired),
          content: {
            [MediaType.json]: { schema: schemaRef(names.request), ...(value !== undefined && { example: value }) },
          },
        },
      },
      get: withInputs(specific(general.get, process, `executeKVP-${process.id}`), process),
    };
  }
  if (Object.keys(examples).length === 0) return;
  const { content } = general.post.requestBody as { content: Record<string, { examples?: object }> };
  content[MediaType.json].examples = examples;
}

/** A general operation for one process. */
function specific(general: Operation, process: ProcessDescription, operationId: string): Operation {
  const { '404': _noSuchProcess, ...responses } = general.responses;
  const answer = responses['200'] as Response;
  return {
    ...general,
    operationId: operationId.replaceAll(':', '..'),
    summary: `${general.summary}: ${process.title ?? process.id}`,
    ...(process.description !== undefined && { description: process.description }),
    parameters: general.parameters?.filter((parameter) => !('name' in parameter && parameter.in === 'path')),
    responses: { ...responses, '200': { ...answer, content: resultsContent(process, answer) } },
  };
}

/** The results document; one output alone, in each of its media types; several of them as parts of one body. */
function resultsContent({ id, outputs }: ProcessDescription, { content }: Response): NonNullable<Response['content']> {
  const bare = Object.values(outputs).map(({ schema }) => schema);
  const ofOneOutput = bare.flatMap((schema) =>
    alternatives(schema).flatMap(({ contentMediaType = [] }) => contentMediaType),
  );
  const others = [...new Set(ofOneOutput)].filter((type) => type !== MediaType.json);
  const results = schemaRef(componentNames(id).results);
  return {
    ...content,
    [MediaType.json]: {
      schema: { anyOf: [results, schemaRef('validation'), ...bare.map(toOpenApiSchema)] as object[] },
    },
    ...Object.fromEntries(others.map((type) => [type, { schema: schemaOf(bare, type) }])),
  };
}

/** What a body of a media type holds: JSON of a known shape, or bytes. */
function schemaOf(schemas: readonly OgcSchema[], mediaType: string): object {
  const fitting = schemas.flatMap(alternatives).filter((schema) => schema.contentMediaType === mediaType);
  if (fitting.every(({ type }) => type !== 'string')) return { anyOf: fitting.map(toOpenApiSchema) };
  return mediaType.startsWith('text/') ? { type: 'string' } : { type: 'string', format: 'binary' };
}

function alternatives(schema: OgcSchema): readonly OgcSchema[] {
  return schema.oneOf ?? schema.anyOf ?? [schema];
}

/**
 * The parameters of an execution by GET: the inputs before the general ones. Of these the one of free form stays, for
 * the names in brackets (`geometry[href]`, `result[include]`).
 */
function withInputs(operation: Operation, { inputs }: ProcessDescription): Operation {
  const own = Object.entries(inputs).map(([id, input]) => inputParameter(id, input));
  // Two parameters of one name are no valid document.
  const taken = new Set(Object.keys(inputs).map((id) => `#/components/parameters/${id}`));
  const others = operation.parameters?.filter((parameter) => !('$ref' in parameter && taken.has(parameter.$ref)));
  return { ...operation, parameters: [...own, ...(others ?? [])] };
}

function inputParameter(name: string, input: InputDescription): Parameter {
  const { title, description = title, maxOccurs = 1 } = input;
  const parameter: Parameter = {
    name,
    in: 'query',
    required: false,
    ...(description !== undefined && { description }),
  };
  const schema = toOpenApiSchema(input.schema) as object;
  // A required input may as well be sent as `name[href]`, so that no single parameter is required.
  if (maxOccurs !== 1) return { ...parameter, style: 'form', explode: false, schema: { type: 'array', items: schema } };
  if (isScalar(input.schema)) return { ...parameter, schema };
  return { ...parameter, content: { [MediaType.json]: { schema } } };
}

function isScalar({ type }: OgcSchema): boolean {
  return type !== undefined && type !== 'object' && type !== 'array';
}
