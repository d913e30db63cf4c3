import { Jobs1795201711766 } from './1795201711766-jobs.js';
import { Idempotency1795203761958 } from './1795203761958-idempotency.js';
import { JobListAndCallbacks1795204957120 } from './1795204957120-job-list-and-callbacks.js';
import { TaskRuns1795213126976 } from './1795213126976-task-runs.js';
import { CallbacksOutliveJobs1795213800000 } from './1795213800000-callbacks-outlive-jobs.js';
import { Subscriptions1795216200000 } from './1795216200000-subscriptions.js';
import { DistributedTasks1795219200000 } from './1795219200000-distributed-tasks.js';
import { LimitsAndCache1795219800000 } from './1795219800000-limits-and-cache.js';
import { Blocks1795996800000 } from './1795996800000-blocks.js';
import { FilesOfJobs1795997400000 } from './1795997400000-files-of-jobs.js';
import { Uploads1795999800000 } from './1795999800000-uploads.js';
import { NotificationsPerStatement1796000400000 } from './1796000400000-notifications-per-statement.js';
import { HistoryWithoutReferences1796067000000 } from './1796067000000-history-without-references.js';

/** All migrations in their order. A new one is added at the end. */
export const MIGRATIONS = [
  Jobs1795201711766,
  Idempotency1795203761958,
  JobListAndCallbacks1795204957120,
  TaskRuns1795213126976,
  CallbacksOutliveJobs1795213800000,
  Subscriptions1795216200000,
  DistributedTasks1795219200000,
  LimitsAndCache1795219800000,
  Blocks1795996800000,
  FilesOfJobs1795997400000,
  Uploads1795999800000,
  NotificationsPerStatement1796000400000,
  HistoryWithoutReferences1796067000000,
];
