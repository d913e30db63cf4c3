import { Module } from '@nestjs/common';
import { OgcModule } from '../ogc/ogc.module.js';
import { CachedJobs } from './cache/cached-jobs.js';
import { ChangeAnnouncer } from './change-announcer.js';
import { DismissalService } from './dismissal.service.js';
import { EventFeed } from './events/event-feed.js';
import { JobEventsController } from './http/job-events.controller.js';
import { JobLogsController } from './http/job-logs.controller.js';
import { JobsController } from './http/jobs.controller.js';
import { StoredFiles } from './files/stored-files.js';
import { JobFiles } from './job-files.js';
import { JobInputs } from './job-inputs.js';
import { JobWaiter } from './job-waiter.js';
import { JobEntrance } from './limits/job-entrance.js';
import { SlotQueue } from './limits/slot-queue.js';
import { Slots } from './limits/slots.js';
import { StatusInfoPresenter } from './status-info.js';
import { JobAcceptance } from './store/job-acceptance.js';
import { JobCancellation } from './store/job-cancellation.js';
import { JobCompletion } from './store/job-completion.js';
import { JobEvents } from './store/job-events.js';
import { JobJournal } from './store/job-journal.js';
import { JobLeases } from './store/job-leases.js';
import { JobList } from './store/job-list.js';
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

/** Jobs as resources of the API. */
@Module({
  imports: [JobsModule, OgcModule],
  controllers: [JobsController, JobLogsController, JobEventsController],
  providers: [JobList, EventFeed, DismissalService, StatusInfoPresenter],
  exports: [StatusInfoPresenter],
})
export class JobsApiModule {}
