import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { StatusInfoDto } from '../../jobs/http/status-info.dto.js';

const jobParameter = ApiParam({ name: 'jobID', schema: { type: 'string' } });
const conflict = (description: string) => ApiResponse({ status: 409, description });

/** POST pause in the OpenAPI document. */
export function ApiPause(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'pause', summary: 'Begin no further step of a job' }),
    jobParameter,
    ApiOkResponse({
      type: StatusInfoDto,
      description: 'The job is paused, or will be when its running steps have ended',
    }),
    conflict('The job has ended'),
  );
}

/** POST resume in the OpenAPI document. */
export function ApiResume(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'resume', summary: 'Let a paused job go on, or answer a step that waits for input' }),
    jobParameter,
    ApiBody({
      required: false,
      schema: {
        type: 'object',
        additionalProperties: false,
        properties: {
          task: { type: 'string', description: 'Key of the step that asks; needed when several do' },
          input: { description: 'The answer, as the schema in inputRequests asks for it' },
        },
      },
    }),
    ApiOkResponse({ type: StatusInfoDto }),
    conflict('The job has ended, or does not wait for this'),
  );
}

/** POST retry in the OpenAPI document. */
export function ApiRetry(): MethodDecorator {
  const from = {
    type: 'string',
    minLength: 1,
    maxLength: 1_000,
    default: 'failure',
    description: 'failure, start, task, or the key of the step to begin with',
  };
  const task = { type: 'string', description: 'Key of the step to begin with, for from: task' };
  return applyDecorators(
    ApiOperation({
      operationId: 'retry',
      summary: 'Repeat a job that has ended, as a new job that takes over what need not be done again',
    }),
    jobParameter,
    ApiQuery({ name: 'from', required: false, schema: from }),
    ApiQuery({ name: 'task', required: false, schema: { type: 'string' } }),
    ApiBody({
      required: false,
      schema: { type: 'object', additionalProperties: false, properties: { from, task } } as never,
    }),
    ApiResponse({
      status: 201,
      description: 'The new job',
      type: StatusInfoDto,
      headers: { Location: { description: 'URL of the job', schema: { type: 'string', format: 'uri' } } },
    }),
    conflict('The job has not ended, or did not fail'),
  );
}
