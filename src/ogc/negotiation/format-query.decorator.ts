import { ApiQuery } from '@nestjs/swagger';

/** The query parameter `f` in the OpenAPI document. @param formats the short names this resource knows */
export function ApiFormatQuery(...formats: [string, ...string[]]): MethodDecorator {
  return ApiQuery({
    name: 'f',
    required: false,
    description: 'The format of the response, in place of the Accept header',
    schema: { type: 'string', enum: formats },
  });
}
