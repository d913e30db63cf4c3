import { BullModule } from '@nestjs/bullmq';
import { Global, Module } from '@nestjs/common';
import { BlocksModule } from '../blocks/blocks.module.js';
import { EngineModule } from '../engine/engine.module.js';
import { JobDispatch } from '../jobs/job-dispatch.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { ProcessesModule } from '../processes/processes.module.js';
import { TasksModule } from '../tasks/tasks.module.js';
import { UploadsModule } from '../uploads/uploads.module.js';
import { Dispatcher } from './dispatcher.js';
import { Drain } from './drain.js';
import { JobConsumer } from './job.consumer.js';
import { JOB_QUEUE } from './job-queue.js';
import { JobConclusion } from './job-conclusion.js';
import { JobRunner } from './job-runner.js';
import { Leadership } from './leadership.js';
import { LeaseKeeper } from './lease-keeper.js';
import { NodeIdentity } from './node-identity.js';
import { QueueHealth } from './queue.health.js';
import { QueueConnection } from './queue-connection.js';
import { DueJobs } from './supervision/due-jobs.js';
import { FileRemoval } from './supervision/file-removal.js';
import { LostJobs } from './supervision/lost-jobs.js';
import { MissingEntries } from './supervision/missing-entries.js';
import { Retention } from './supervision/retention.js';
import { StorageOrphans } from './supervision/storage-orphans.js';
import { RunPlaces } from './run-places.js';
import { Supervisor } from './supervisor.js';
import { TaskRunner } from './task-runner.js';

@Module({ providers: [QueueConnection], exports: [QueueConnection] })
class QueueConnectionModule {}

/** The queue, and the port through which the rooms below put jobs on it; they see it without knowing this room. */
@Global()
@Module({
  imports: [
    BullModule.forRootAsync(JOB_QUEUE, {
      imports: [QueueConnectionModule],
      inject: [QueueConnection],
      useFactory: ({ options: connection }: QueueConnection) => ({ connection }),
    }),
    BullModule.registerQueue({ name: JOB_QUEUE, configKey: JOB_QUEUE }),
  ],
  providers: [Dispatcher, { provide: JobDispatch, useExisting: Dispatcher }],
  exports: [BullModule, Dispatcher, JobDispatch],
})
class DispatchModule {}

/** Dispatch, running and supervision of jobs. Every role has these. */
@Module({
  imports: [BlocksModule, JobsModule, EngineModule, ProcessesModule, DispatchModule, TasksModule, UploadsModule],
  providers: [
    NodeIdentity,
    LeaseKeeper,
    RunPlaces,
    JobConclusion,
    JobRunner,
    TaskRunner,
    Drain,
    Leadership,
    Supervisor,
    LostJobs,
    DueJobs,
    MissingEntries,
    Retention,
    FileRemoval,
    StorageOrphans,
    QueueHealth,
  ],
  exports: [NodeIdentity, DispatchModule, JobRunner, RunPlaces, TaskRunner],
})
export class QueuesModule {}

/** Takes jobs from the queue (ROLE `all` and `worker`). */
@Module({ imports: [QueuesModule, JobsModule, TasksModule, ProcessesModule], providers: [JobConsumer] })
export class ConsumerModule {}
