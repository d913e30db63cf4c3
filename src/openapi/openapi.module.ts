import { Module } from '@nestjs/common';
import { OgcModule } from '../ogc/ogc.module.js';
import { ProcessesModule } from '../processes/processes.module.js';
import { OpenApiController } from './openapi.controller.js';
import { OpenApiDocument } from './openapi-document.js';

/** The OpenAPI document and its page; import it next to the rooms that the document describes. */
@Module({ imports: [OgcModule, ProcessesModule], controllers: [OpenApiController], providers: [OpenApiDocument] })
export class OpenApiModule {}
