import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiParam, getSchemaPath } from '@nestjs/swagger';
import { MediaType } from '../../ogc/media-type.js';
import { ApiFormatQuery } from '../../ogc/negotiation/format-query.decorator.js';
import { TaskGraphDto } from './graph.dto.js';

const text = { schema: { type: 'string' } };

/** A graph in the OpenAPI document. @param parameter of the path */
export function ApiGraph(operationId: string, summary: string, parameter: string): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId, summary }),
    ApiParam({ name: parameter, schema: { type: 'string' } }),
    ApiFormatQuery('json', 'svg', 'mermaid', 'dot'),
    ApiExtraModels(TaskGraphDto),
    ApiOkResponse({
      description: 'The graph',
      content: {
        [MediaType.json]: { schema: { $ref: getSchemaPath(TaskGraphDto) } },
        [MediaType.svg]: text,
        [MediaType.mermaid]: text,
        [MediaType.graphviz]: text,
      },
    }),
  );
}
