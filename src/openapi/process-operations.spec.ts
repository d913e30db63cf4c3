import { describe, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { ProcessDescription } from '../processes/process-description.js';
import { addProcessOperations } from './process-operations.js';

const PROCESS: ProcessDescription = {
  id: 'cut:1',
  version: '1',
  title: 'Cut',
  jobControlOptions: ['sync-execute'],
  outputTransmission: ['value'],
  inputs: {
    depth: { schema: { type: 'number', example: 4.5 } },
    image: { schema: { type: 'string', contentEncoding: 'base64', contentMediaType: 'image/png' }, minOccurs: 0 },
    areas: { schema: { type: 'object', example: { a: 1 } }, minOccurs: 2, maxOccurs: 'unbounded' },
  },
  outputs: { cut: { schema: { type: 'string', contentMediaType: 'text/csv' } } },
};
const GENERAL = '/processes/{processID}/execution';

function documentWith(...processes: ProcessDescription[]) {
  const operation = (...more: object[]) => ({
    summary: 'Execute',
    parameters: [{ name: 'processID', in: 'path', schema: {} }, { name: 'Prefer', in: 'header', schema: {} }, ...more],
    responses: {
      '200': { description: 'Results', content: { '*/*': {} } },
      '201': { description: 'Job' },
      '204': { description: 'None' },
      '404': { description: 'No such process' },
      '422': { description: 'Key' },
    },
  });
  const document = {
    components: { schemas: {} },
    paths: {
      [GENERAL]: {
        post: { ...operation(), requestBody: { content: { 'application/json': {} } } },
        get: operation({ name: 'parameters', in: 'query' }),
      },
    },
  };
  addProcessOperations(document as unknown as OpenAPIObject, processes);
  return JSON.parse(JSON.stringify(document));
}

describe(addProcessOperations.name, () => {
  const { paths, components } = documentWith(PROCESS);
  const own = paths['/processes/cut%3A1/execution'];

  it('gives each process a path, without the parameter and the 404 of an unknown process', () => {
    expect(Object.keys(paths)).toEqual([GENERAL, '/processes/cut%3A1/execution']);
    expect(own.post).toMatchObject({ operationId: 'execute-cut..1', summary: 'Execute: Cut' });
    expect(own.post.parameters).toEqual([{ $ref: '#/components/parameters/Prefer' }]);
    expect(Object.keys(own.post.responses)).toEqual(['200', '201', '204', '422']);
  });

  it('describes inputs as a value, a qualified value or a link, and lists by their occurrences', () => {
    const { inputs } = components.schemas['cut..1ExecuteRequest'].properties;
    expect(inputs.required).toEqual(['depth', 'areas']);
    expect(inputs.properties.image.anyOf[0]).toEqual({
      type: 'string',
      format: 'byte',
      'x-contentMediaType': 'image/png',
    });
    expect(inputs.properties.areas.anyOf).toEqual([expect.objectContaining({ type: 'array', minItems: 2 })]);
    expect(own.get.parameters.map(({ name, $ref }: { name?: string; $ref?: string }) => name ?? $ref)).toEqual([
      'depth',
      'image',
      'areas',
      '#/components/parameters/Prefer',
      '#/components/parameters/parameters',
    ]);
  });

  it('keeps the parameter of free form, except where an input has its name', () => {
    const named = documentWith({ ...PROCESS, inputs: { parameters: { schema: { type: 'string' } } } });
    expect(named.paths['/processes/cut%3A1/execution'].get.parameters).toEqual([
      { name: 'parameters', in: 'query', required: false, schema: { type: 'string' } },
      { $ref: '#/components/parameters/Prefer' },
    ]);
  });

  it('describes the answer in the media types of the outputs', () => {
    const { content } = own.post.responses['200'];
    expect(content['text/csv'].schema).toEqual({ type: 'string' });
    expect(content['application/json'].schema.anyOf).toContainEqual({ $ref: '#/components/schemas/cut..1Results' });
  });

  it('makes an example of the examples of the author, with objects qualified; without them there is none', () => {
    const example = { inputs: { depth: 4.5, areas: [{ value: { a: 1 } }, { value: { a: 1 } }] } };
    expect(own.post.requestBody.content['application/json'].example).toEqual(example);
    expect(paths[GENERAL].post.requestBody.content['application/json'].examples).toEqual({
      'cut:1': { summary: 'Cut', value: example },
    });
    const silent = documentWith({ ...PROCESS, inputs: { depth: { schema: { type: 'number' } } } });
    expect(
      silent.paths['/processes/cut%3A1/execution'].post.requestBody.content['application/json'],
    ).not.toHaveProperty('example');
    expect(silent.paths[GENERAL].post.requestBody.content['application/json']).not.toHaveProperty('examples');
  });

  it('moves what all processes have in common into the components', () => {
    expect(Object.keys(components.parameters)).toEqual(['Prefer', 'parameters']);
    expect(components.responses).toEqual({
      JobCreated: { description: 'Job' },
      NoContent: { description: 'None' },
      KeyReused: { description: 'Key' },
    });
  });
});
