import { Module } from '@nestjs/common';
import { OgcModule } from '../ogc/ogc.module.js';
import { StorageModule } from '../storage/storage.module.js';
import { UploadsController } from './http/uploads.controller.js';
import { Uploads } from './store/uploads.js';
import { Tus } from './tus/tus.js';
import { UploadPlaces } from './upload-places.js';
import { UploadService } from './upload.service.js';
import { UploadSweep } from './upload-sweep.js';

/** Bytes that clients have sent in advance, for whoever reads inputs. */
@Module({
  imports: [StorageModule],
  providers: [Uploads, UploadPlaces, UploadService],
  exports: [Uploads, UploadPlaces, UploadService],
})
export class UploadsModule {}

/** Uploads as resources of the API. */
@Module({
  imports: [UploadsModule, OgcModule],
  controllers: [UploadsController],
  providers: [Tus, UploadSweep],
})
export class UploadsApiModule {}
