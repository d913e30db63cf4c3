import { applyDecorators } from '@nestjs/common';
import {
  ApiBody,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
} from '@nestjs/swagger';
import { ApiFormatQuery } from '../../ogc/negotiation/format-query.decorator.js';
import { ApiLimitQuery } from '../../ogc/paging/limit-query.decorator.js';
import {
  BlockDto,
  BlockPageDto,
  BlockTestDto,
  BlockTypeDto,
  BlockTypeListDto,
  BlockValuesDto,
  NewBlockDto,
} from './block.dto.js';

const type = ApiParam({ name: 'type', schema: { type: 'string' } });
const path = applyDecorators(type, ApiParam({ name: 'name', schema: { type: 'string' } }));
const ifMatch = ApiHeader({
  name: 'If-Match',
  required: false,
  description: 'ETag of the block as it was read: it is only changed when it still is like that',
});
const eTag = { ETag: { description: 'Of this version', schema: { type: 'string' as const } } };
const conflict = (description: string) => ApiResponse({ status: 409, description });
const precondition = ApiResponse({ status: 412, description: 'The block was changed meanwhile' });

/** GET /block-types in the OpenAPI document. */
export function ApiBlockTypes(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'getBlockTypes', summary: 'The types of blocks' }),
    ApiFormatQuery('json'),
    ApiOkResponse({ type: BlockTypeListDto }),
  );
}

/** GET /block-types/{type} in the OpenAPI document. */
export function ApiBlockType(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'getBlockType', summary: 'A type of block, with the schema of its values' }),
    type,
    ApiFormatQuery('json'),
    ApiOkResponse({ type: BlockTypeDto }),
  );
}

/** GET /blocks in the OpenAPI document. */
export function ApiBlocks(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'getBlocks', summary: 'The blocks, by type and name' }),
    ApiQuery({ name: 'type', required: false, type: String, description: 'Only blocks of this type' }),
    ApiLimitQuery(),
    ApiQuery({ name: 'cursor', required: false, type: String, description: 'From the next link of a page' }),
    ApiFormatQuery('json'),
    ApiOkResponse({ type: BlockPageDto }),
  );
}

/** POST /blocks in the OpenAPI document. */
export function ApiCreateBlock(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'createBlock', summary: 'Store a block; its secrets are encrypted' }),
    ApiBody({ type: NewBlockDto, required: true }),
    ApiResponse({
      status: 201,
      type: BlockDto,
      headers: {
        ...eTag,
        Location: { description: 'URL of the block', schema: { type: 'string', format: 'uri' } },
      },
    }),
    ApiResponse({ status: 404, description: 'There is no such type' }),
    conflict('The name is taken, or there are too many blocks'),
  );
}

/** GET /blocks/{type}/{name} in the OpenAPI document. */
export function ApiBlock(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'getBlock', summary: 'A block, without its secrets' }),
    path,
    ApiFormatQuery('json'),
    ApiOkResponse({ type: BlockDto, headers: eTag }),
  );
}

/** PUT /blocks/{type}/{name} in the OpenAPI document. */
export function ApiReplaceBlock(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'replaceBlock',
      summary: 'Replace the values of a block',
      description: '`{"$secret": true}` in the place of a secret keeps the stored one.',
    }),
    path,
    ifMatch,
    ApiBody({ type: BlockValuesDto, required: true }),
    ApiOkResponse({ type: BlockDto, headers: eTag }),
    conflict('The block comes from BLOCKS_FILE, or a secret that is to be kept cannot be read'),
    precondition,
  );
}

/** PATCH /blocks/{type}/{name} in the OpenAPI document. */
export function ApiMergeBlock(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'changeBlock',
      summary: 'Change those values of a block that the body has',
      description: 'null takes a value away. Each value is replaced as a whole.',
    }),
    path,
    ifMatch,
    ApiBody({ type: BlockValuesDto, required: true }),
    ApiOkResponse({ type: BlockDto, headers: eTag }),
    conflict('The block comes from BLOCKS_FILE, or a secret that is to be kept cannot be read'),
    precondition,
  );
}

/** DELETE /blocks/{type}/{name} in the OpenAPI document. */
export function ApiRemoveBlock(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'removeBlock', summary: 'Remove a block that nothing uses' }),
    path,
    ifMatch,
    ApiNoContentResponse({ description: 'It is removed' }),
    conflict('Another block refers to it, something uses it, or it comes from BLOCKS_FILE'),
    precondition,
  );
}

/** POST /blocks/{type}/{name}/test in the OpenAPI document. */
export function ApiTestBlock(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'testBlock', summary: 'Try a block out, and say how that went' }),
    path,
    ApiBody({ schema: { type: 'object' }, required: true, description: 'Nothing is read of it' }),
    ApiOkResponse({ type: BlockTestDto }),
  );
}
