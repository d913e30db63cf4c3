import type { InputDescription, OutputDescription, ProcessDescription } from '../processes/process-description.js';
import { EXECUTE_SCHEMAS } from './components/execute-schemas.js';
import { schemaRef } from './components/schema-ref.js';
import { type OpenApiSchema, toOpenApiSchema } from './openapi-schema.js';

const {
  enum: [...forms],
  ...response
} = EXECUTE_SCHEMAS.execute.properties.response;
const RESPONSE: OpenApiSchema = { ...response, enum: forms };

/** Names of the component schemas of a process; the id is kept readable, `:` has no place in component names. */
export function componentNames(processId: string): { request: string; results: string } {
  const name = processId.replaceAll(':', '..');
  return { request: `${name}ExecuteRequest`, results: `${name}Results` };
}

/** `execute.yaml` for one process: its inputs with their schemas, its outputs by name. */
export function executeRequestSchema({ id, inputs, outputs }: ProcessDescription): OpenApiSchema {
  const required = Object.keys(inputs).filter((name) => isRequired(inputs[name]));
  return {
    type: 'object',
    description: `An execute request for the process ${id}`,
    ...(required.length > 0 && { required: ['inputs'] }),
    properties: {
      inputs: {
        type: 'object',
        ...(required.length > 0 && { required }),
        properties: mapValues(inputs, inputSchema),
        additionalProperties: false,
      },
      outputs: {
        type: 'object',
        description: 'The outputs to return; absent: all of them, {}: none',
        properties: mapValues(outputs, () => schemaRef('output')),
        additionalProperties: false,
      },
      response: RESPONSE,
      subscriber: schemaRef('subscriber'),
    },
  };
}

/** `results.yaml` for one process. An execution may leave out outputs that were not asked for. */
export function resultsSchema({ id, outputs }: ProcessDescription): OpenApiSchema {
  return {
    type: 'object',
    description: `Results of the process ${id} by output id`,
    properties: mapValues(outputs, outputSchema),
    additionalProperties: false,
  };
}

/** Whether a request must have the input: it has to occur, and no default stands in for it. */
export function isRequired({ minOccurs = 1, schema }: InputDescription): boolean {
  return minOccurs > 0 && schema.default === undefined;
}

function inputSchema({ title, description, schema, minOccurs = 1, maxOccurs = 1 }: InputDescription): OpenApiSchema {
  const one = valueForms(toOpenApiSchema(schema));
  const named = { ...(title !== undefined && { title }), ...(description !== undefined && { description }) };
  if (maxOccurs === 1) return { ...named, anyOf: one };
  const list: OpenApiSchema = {
    type: 'array',
    items: { anyOf: one },
    minItems: minOccurs,
    ...(maxOccurs !== 'unbounded' && { maxItems: maxOccurs }),
  };
  return { ...named, anyOf: minOccurs > 1 ? [list] : [list, ...one] };
}

function outputSchema({ title, description, schema }: OutputDescription): OpenApiSchema {
  const named = { ...(title !== undefined && { title }), ...(description !== undefined && { description }) };
  return { ...named, anyOf: valueForms(toOpenApiSchema(schema)) };
}

/** `inlineOrRefData.yaml` of one schema: the value, the qualified value, a link. */
function valueForms(value: OpenApiSchema): OpenApiSchema[] {
  const { default: _default, example: _example, ...plain } = value;
  const qualified: OpenApiSchema = { type: 'object', required: ['value'], properties: { value: plain } };
  return [value, { allOf: [schemaRef('format'), qualified] }, schemaRef('link')];
}

function mapValues<T>(values: Readonly<Record<string, T>>, map: (value: T) => OpenApiSchema) {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));
}
