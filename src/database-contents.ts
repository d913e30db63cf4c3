import type { DataSourceContents } from './database/data-source.js';
import { JobEvent } from './jobs/entities/job-event.entity.js';
import { JobLog } from './jobs/entities/job-log.entity.js';
import { JobOutput } from './jobs/entities/job-output.entity.js';
import { JobCallback } from './jobs/entities/job-callback.entity.js';
import { Job } from './jobs/entities/job.entity.js';
import { MIGRATIONS } from '../migrations/index.js';

/** Every table and every migration of the service; the composition roots and the migration commands read it. */
export const DATABASE_CONTENTS: DataSourceContents = {
  entities: [Job, JobCallback, JobEvent, JobLog, JobOutput],
  migrations: MIGRATIONS,
};
