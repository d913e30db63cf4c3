import { Module } from '@nestjs/common';
import { BufferProcess } from './buffer/buffer.process.js';
import { ConvertRawSonar } from './convert-raw-sonar/convert-raw-sonar.process.js';
import { Echo } from './echo/echo.process.js';
import { HelloWorld } from './hello-world/hello-world.process.js';
import { SimpleFlow } from './simple-flow/simple-flow.process.js';

/** The built-in processes. */
@Module({ providers: [BufferProcess, ConvertRawSonar, Echo, HelloWorld, SimpleFlow] })
export class CatalogModule {}
