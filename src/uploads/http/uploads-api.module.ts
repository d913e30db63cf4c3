import { Module } from '@nestjs/common';
import { OgcModule } from '../../ogc/ogc.module.js';
import { Tus } from '../tus/tus.js';
import { UploadSweep } from '../upload-sweep.js';
import { UploadsModule } from '../uploads.module.js';
import { UploadsController } from './uploads.controller.js';

/** Uploads as resources of the API. */
@Module({
  imports: [UploadsModule, OgcModule],
  controllers: [UploadsController],
  providers: [Tus, UploadSweep],
})
export class UploadsApiModule {}
