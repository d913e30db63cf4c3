import { applyDecorators } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import { LIMIT_SCHEMA } from '../../ogc/paging/limit-query.decorator.js';

const optional = (name: string, schema: object, description: string): MethodDecorator =>
  ApiQuery({ name, required: false, schema, description, style: 'form', explode: false });
const list = (items: object): object => ({ type: 'array', items });

/** The parameters of `GET /jobs` in the OpenAPI document (OGC 18-062r2 /req/job-list/*-definition). */
export function ApiJobListQuery(): MethodDecorator {
  return applyDecorators(
    optional('type', list({ type: 'string' }), 'Kinds of jobs; all jobs here are of the type process'),
    optional('processID', list({ type: 'string' }), 'Only jobs of these processes'),
    optional('status', list({ $ref: '#/components/schemas/statusCode' }), 'Only jobs in one of these statuses'),
    optional('datetime', { type: 'string' }, 'Only jobs created then: an instant, start/end, ../end or start/..'),
    optional('minDuration', list({ type: 'integer' }), 'Only jobs that took, or have run for, at least these seconds'),
    optional('maxDuration', list({ type: 'integer' }), 'Only jobs that took, or have run for, at most these seconds'),
    optional('limit', LIMIT_SCHEMA, 'The most jobs of a page'),
    optional('cursor', { type: 'string' }, 'From the next or prev link of a page'),
  );
}
