import { Module } from '@nestjs/common';
import { CachedJobs } from './cache/cached-jobs.js';
import { ChangeAnnouncer } from './change-announcer.js';
import { StoredFiles } from './files/stored-files.js';
import { JobFiles } from './job-files.js';
import { JobInputs } from './job-inputs.js';
import { JobWaiter } from './job-waiter.js';
import { JobEntrance } from './limits/job-entrance.js';
import { SlotQueue } from './limits/slot-queue.js';
import { Slots } from './limits/slots.js';
import { JobAcceptance } from './store/job-acceptance.js';
import { JobCancellation } from './store/job-cancellation.js';
import { JobCompletion } from './store/job-completion.js';
import { JobEvents } from './store/job-events.js';
import { JobJournal } from './store/job-journal.js';
import { JobLeases } from './store/job-leases.js';
import { JobReader } from './store/job-reader.js';
import { JobRecovery } from './store/job-recovery.js';
import { StorageRemovals } from './store/storage-removals.js';

const STORE = [
  JobAcceptance,
  JobLeases,
  JobJournal,
  JobCompletion,
  JobCancellation,
  JobRecovery,
  JobReader,
  JobEvents,
  ChangeAnnouncer,
  StorageRemovals,
];

/** What is asked for before something runs: places under limits, and results that are known already. */
const ADMISSION = [Slots, SlotQueue, CachedJobs, JobEntrance];

/** Jobs: rows, files, and waiting for their end. Every role has these. */
@Module({
  providers: [...STORE, ...ADMISSION, JobFiles, StoredFiles, JobInputs, JobWaiter],
  exports: [...STORE, ...ADMISSION, JobFiles, StoredFiles, JobInputs, JobWaiter],
})
export class JobsModule {}
