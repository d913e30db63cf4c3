import { applyDecorators } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
} from '@nestjs/swagger';
import { MediaType } from '../../ogc/media-type.js';
import { ApiFormatQuery } from '../../ogc/negotiation/format-query.decorator.js';
import { PART } from '../tus/tus-fault.js';
import { UploadDto } from './upload.dto.js';

const id = ApiParam({ name: 'uploadID', schema: { type: 'string' } });
const bytes = ApiBody({ schema: { type: 'string', format: 'binary' } });
const integer = { type: 'integer' as const, minimum: 0 };
const tusResumable = (required: boolean) =>
  ApiHeader({
    name: 'Tus-Resumable',
    required,
    description: 'Version of tus',
    schema: { type: 'string', enum: ['1.0.0'] },
  });
const offset = { 'Upload-Offset': { description: 'Bytes that have arrived', schema: integer } };

/** POST /uploads in the OpenAPI document. */
export function ApiUpload(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'upload',
      summary: 'Send bytes in advance, to be used as an input',
      description:
        'The body is the file, of any media type. With the header Tus-Resumable the request creates an upload of the tus ' +
        'protocol instead, which is sent in parts and can go on after it broke off.',
    }),
    ApiConsumes(MediaType.octets, PART),
    bytes,
    ApiQuery({ name: 'name', required: false, type: String, description: 'Name of the file' }),
    tusResumable(false),
    ApiHeader({ name: 'Upload-Length', required: false, description: 'tus: bytes it will have', schema: integer }),
    ApiHeader({
      name: 'Upload-Metadata',
      required: false,
      description: 'tus: filename and filetype',
      schema: { type: 'string' },
    }),
    ApiResponse({
      status: 201,
      type: UploadDto,
      headers: { Location: { description: 'URL of the upload', schema: { type: 'string', format: 'uri' } } },
    }),
    ApiResponse({ status: 409, description: 'There are too many uploads' }),
    ApiResponse({ status: 412, description: 'The version of tus is not supported' }),
  );
}

/** GET /uploads/{uploadID} in the OpenAPI document. */
export function ApiUploadState(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'getUpload', summary: 'An upload, and how much of it has arrived' }),
    id,
    ApiFormatQuery('json'),
    ApiOkResponse({ type: UploadDto }),
    ApiResponse({ status: 412, description: 'The version of tus is not supported' }),
  );
}

/** PATCH /uploads/{uploadID} in the OpenAPI document. */
export function ApiUploadPart(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'uploadPart', summary: 'Send the next part of an upload (tus)' }),
    id,
    ApiConsumes(PART),
    bytes,
    tusResumable(true),
    ApiHeader({ name: 'Upload-Offset', required: true, description: 'Where the part begins', schema: integer }),
    ApiNoContentResponse({ description: 'The part has arrived', headers: offset }),
    ApiResponse({ status: 409, description: 'The part does not begin where the upload ends' }),
    ApiResponse({ status: 412, description: 'The version of tus is not supported' }),
    ApiResponse({ status: 415, description: 'The part has another media type' }),
  );
}

/** DELETE /uploads/{uploadID} in the OpenAPI document. */
export function ApiRemoveUpload(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'removeUpload', summary: 'Remove an upload; jobs that were given it keep their copy' }),
    id,
    ApiNoContentResponse({ description: 'It is removed' }),
  );
}
