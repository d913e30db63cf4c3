import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOperation, ApiParam, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { StatusInfoDto } from '../jobs/http/status-info.dto.js';
import { ApiPreferHeader, ApiProfileQuery, problemContent, responseHeader, resultsContent } from './results.openapi.js';

const ANSWER_HEADERS = {
  Link: responseHeader('rel="monitor" leads to the job, where one was kept'),
  'Preference-Applied': responseHeader('The preferences that were honoured'),
};

const answers = [
  ApiParam({ name: 'processID', schema: { type: 'string' } }),
  ApiPreferHeader('respond-async, wait=N, return=minimal, return=representation, validate-only (RFC 7240)'),
  ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'Names this execution: repeating the request with the same key leads to the same job',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
  }),
  ApiHeader({
    name: 'Cache-Control',
    required: false,
    description: 'no-cache: compute anew also where the process keeps results',
    schema: { type: 'string' },
  }),
  ApiProfileQuery(),
  ApiQuery({
    name: 'validate',
    required: false,
    description: 'Check the request and execute nothing',
    schema: { type: 'boolean', default: false },
  }),
  ApiResponse({
    status: 200,
    description: 'The results of a synchronous execution, or the outcome of a validation',
    headers: ANSWER_HEADERS,
    content: resultsContent({ $ref: '#/components/schemas/validation' }),
  }),
  ApiResponse({
    status: 201,
    description: 'A job was created',
    headers: { ...ANSWER_HEADERS, Location: responseHeader('URL of the job', 'uri') },
    type: StatusInfoDto,
  }),
  ApiResponse({
    status: 204,
    description: 'No content: the outputs are in Link headers, or none were asked for',
    headers: ANSWER_HEADERS,
  }),
  ApiResponse({
    status: 422,
    description: 'The Idempotency-Key was used for another request',
    content: problemContent(),
  }),
];

/** POST execution in the OpenAPI document. */
export function ApiExecute(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'execute', summary: 'Execute a process' }),
    ApiBody({ required: true, schema: { $ref: '#/components/schemas/execute' } }),
    ...answers,
  );
}

/** GET execution in the OpenAPI document. */
export function ApiExecuteByQuery(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'executeKVP',
      summary: 'Execute a process, with its inputs in the query',
      description:
        'Inputs are parameters by their ids, in any case; several values are separated by commas, objects are JSON, ' +
        'bounding boxes four or six numbers. input[href] and input[type] refer to a value, input[value] with ' +
        '[mediaType], [encoding] and [schema] qualify one, box[crs] names a coordinate reference system. ' +
        'output[include]=true selects outputs, output[mediaType] their formats. HEAD checks without executing.',
    }),
    ApiQuery({
      name: 'response',
      required: false,
      style: 'deepObject',
      explode: true,
      schema: {
        type: 'object',
        properties: {
          f: { type: 'string', description: 'Media type of the response, in place of Accept' },
          prefer: { type: 'string', description: 'Preferences, before those of the header Prefer' },
        },
      },
    }),
    ApiQuery({
      name: 'parameters',
      required: false,
      description:
        'Inputs and selected outputs by their ids, also with a part in brackets: input[href], input[type], input[value], ' +
        'input[mediaType], input[encoding], input[schema], box[crs], output[include], output[mediaType]',
      style: 'form',
      explode: true,
      schema: { type: 'object', additionalProperties: true },
    }),
    ...answers,
  );
}
