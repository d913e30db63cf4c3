import { Module } from '@nestjs/common';
import { StorageModule } from '../storage/storage.module.js';
import { Uploads } from './store/uploads.js';
import { UploadPlaces } from './upload-places.js';
import { UploadService } from './upload.service.js';

/** Bytes that clients have sent in advance, for whoever reads inputs. */
@Module({
  imports: [StorageModule],
  providers: [Uploads, UploadPlaces, UploadService],
  exports: [Uploads, UploadPlaces, UploadService],
})
export class UploadsModule {}
