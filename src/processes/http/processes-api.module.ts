import { Module } from '@nestjs/common';
import { OgcModule } from '../../ogc/ogc.module.js';
import { ProcessesModule } from '../processes.module.js';
import { ProcessesController } from './processes.controller.js';

/** `/processes`: what the API shows of the registry. */
@Module({ imports: [ProcessesModule, OgcModule], controllers: [ProcessesController] })
export class ProcessesApiModule {}
