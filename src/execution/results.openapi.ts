import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiParam, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { MediaType } from '../ogc/media-type.js';

const ANY_VALUE = { description: 'The value of an output in its media type' };
const RESULTS = { $ref: '#/components/schemas/results' };

/** Bodies that carry results. @param alternative another JSON document the same response may be */
export function resultsContent(alternative?: object) {
  return {
    [MediaType.json]: {
      schema: { anyOf: [RESULTS, ...(alternative ? [alternative] : []), ANY_VALUE] },
    },
    [MediaType.multipartRelated]: { schema: { type: 'string' as const, format: 'binary' } },
    '*/*': { schema: ANY_VALUE },
  };
}

/** The content of a response that is a problem document. */
export function problemContent() {
  return { [MediaType.problem]: { schema: { $ref: '#/components/schemas/exception' } } };
}

/** A header of a response. */
export function responseHeader(description: string, format?: string) {
  return { description, schema: { type: 'string' as const, ...(format !== undefined && { format }) } };
}

/** The header `Prefer` in the OpenAPI document. */
export function ApiPreferHeader(description: string): MethodDecorator {
  return ApiHeader({ name: 'Prefer', required: false, description, schema: { type: 'string' } });
}

/** The parameter of class query-param-profile. */
export function ApiProfileQuery(): MethodDecorator {
  return ApiQuery({
    name: 'profile',
    required: false,
    description: 'ogc-results asks for the results document, whatever the number of outputs',
    style: 'form',
    explode: false,
    schema: { type: 'array', items: { type: 'string' } },
  });
}

const RANGES = [
  ApiHeader({
    name: 'Range',
    required: false,
    description: 'Bytes of an output that is a file',
    schema: { type: 'string' },
  }),
  ApiHeader({ name: 'If-Range', required: false, schema: { type: 'string' } }),
  ApiHeader({ name: 'If-None-Match', required: false, schema: { type: 'string' } }),
  ApiResponse({
    status: 206,
    description: 'A range of an output that is a file',
    headers: { 'Content-Range': responseHeader('Which bytes these are') },
    content: { '*/*': { schema: { type: 'string', format: 'binary' } } },
  }),
  ApiResponse({ status: 304, description: 'The output has the entity tag that the client knows' }),
  ApiResponse({
    status: 416,
    description: 'The range lies outside the output',
    headers: { 'Content-Range': responseHeader('How many bytes there are') },
    content: problemContent(),
  }),
];

const jobId = ApiParam({ name: 'jobID', schema: { type: 'string' } });
const outputId = ApiParam({ name: 'outputID', schema: { type: 'string' } });
const outputPreference = ApiPreferHeader('Accepted and not needed: one output alone is always sent itself');
const bareOutput = ApiResponse({
  status: 200,
  description: 'The output in its media type',
  headers: { ETag: responseHeader('Of an output that is a file') },
  content: { [MediaType.json]: { schema: ANY_VALUE }, '*/*': { schema: ANY_VALUE } },
});

const problem = (status: number, description: string) =>
  ApiResponse({ status, description, content: problemContent() });
const EXPIRED = problem(410, 'The results, or the link, have had their time');
const UNAVAILABLE = problem(503, 'The storage of the files cannot be used');

const SIGNATURE = [
  ApiQuery({
    name: 'expires',
    required: false,
    description: 'Of a signed link: when it ends, in seconds since 1970',
    schema: { type: 'integer' },
  }),
  ApiQuery({ name: 'signature', required: false, description: 'Of a signed link', schema: { type: 'string' } }),
  problem(403, 'The link is not signed by this service'),
];

/** GET results in the OpenAPI document. */
export function ApiResults(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'getResults', summary: 'The results of a job' }),
    jobId,
    ApiPreferHeader('return=minimal, return=representation (RFC 7240)'),
    ApiProfileQuery(),
    ApiQuery({
      name: 'outputs',
      required: false,
      description: 'The outputs to return; absent: all that were requested',
      style: 'form',
      explode: false,
      schema: { type: 'array', items: { type: 'string' } },
    }),
    ApiResponse({
      status: 200,
      description: 'The results, in the form the execute request asked for',
      headers: {
        Link: responseHeader('rel="profile" names the profile of a results document'),
        'Preference-Applied': responseHeader('The preferences that were honoured'),
        ETag: responseHeader('Of one output that is a file'),
      },
      content: resultsContent(),
    }),
    ApiResponse({
      status: 204,
      description: 'The outputs are in Link headers',
      headers: { Link: responseHeader('One link per output') },
    }),
    ...RANGES,
    EXPIRED,
    UNAVAILABLE,
  );
}

/** GET of one output in the OpenAPI document. */
export function ApiOutput(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'getOutput', summary: 'One output of a job' }),
    jobId,
    outputId,
    outputPreference,
    ...SIGNATURE,
    bareOutput,
    ...RANGES,
    EXPIRED,
    UNAVAILABLE,
  );
}

/** GET of one value of an output in the OpenAPI document. */
export function ApiOutputValue(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'getOutputValue', summary: 'One value of an output that has several' }),
    jobId,
    outputId,
    ApiParam({ name: 'N', description: 'Position of the value, from 0', schema: { type: 'integer', minimum: 0 } }),
    outputPreference,
    bareOutput,
    ...RANGES,
    EXPIRED,
    UNAVAILABLE,
  );
}
