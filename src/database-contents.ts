import type { DataSourceContents } from './database/data-source.js';
import { StoredBlock } from './blocks/entities/block.entity.js';
import { CachedResult } from './jobs/entities/cached-result.entity.js';
import { ConcurrencySlot } from './jobs/entities/concurrency-slot.entity.js';
import { JobEvent } from './jobs/entities/job-event.entity.js';
import { JobLog } from './jobs/entities/job-log.entity.js';
import { JobOutput } from './jobs/entities/job-output.entity.js';
import { JobCallback } from './jobs/entities/job-callback.entity.js';
import { Job } from './jobs/entities/job.entity.js';
import { StorageRemoval } from './jobs/entities/storage-removal.entity.js';
import { Notification } from './subscriptions/entities/notification.entity.js';
import { Subscription } from './subscriptions/entities/subscription.entity.js';
import { JobArtifact } from './tasks/entities/artifact.entity.js';
import { TaskRun } from './tasks/entities/task-run.entity.js';
import { Upload } from './uploads/entities/upload.entity.js';
import { MIGRATIONS } from '../migrations/index.js';

/** Every table and every migration of the service; the composition roots and the migration commands read it. */
export const DATABASE_CONTENTS: DataSourceContents = {
  entities: [
    Job,
    JobCallback,
    JobEvent,
    JobLog,
    JobOutput,
    ConcurrencySlot,
    CachedResult,
    StorageRemoval,
    TaskRun,
    JobArtifact,
    Subscription,
    Notification,
    StoredBlock,
    Upload,
  ],
  migrations: MIGRATIONS,
};
