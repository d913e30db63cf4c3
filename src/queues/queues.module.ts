import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { EngineModule } from '../engine/engine.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { ProcessesModule } from '../processes/processes.module.js';
import { Dispatcher } from './dispatcher.js';
import { Drain } from './drain.js';
import { JobConsumer } from './job.consumer.js';
import { JOB_QUEUE } from './job-queue.js';
import { JobRunner } from './job-runner.js';
import { Leadership } from './leadership.js';
import { LeaseKeeper } from './lease-keeper.js';
import { NodeIdentity } from './node-identity.js';
import { QueueHealth } from './queue.health.js';
import { QueueConnection } from './queue-connection.js';
import { LostJobs } from './supervision/lost-jobs.js';
import { MissingEntries } from './supervision/missing-entries.js';
import { Retention } from './supervision/retention.js';
import { Supervisor } from './supervisor.js';

@Module({ providers: [QueueConnection], exports: [QueueConnection] })
class QueueConnectionModule {}

/** Dispatch, running and supervision of jobs. Every role has these. */
@Module({
  imports: [
    JobsModule,
    EngineModule,
    ProcessesModule,
    BullModule.forRootAsync(JOB_QUEUE, {
      imports: [QueueConnectionModule],
      inject: [QueueConnection],
      useFactory: ({ options: connection }: QueueConnection) => ({ connection }),
    }),
    BullModule.registerQueue({ name: JOB_QUEUE, configKey: JOB_QUEUE }),
  ],
  providers: [
    NodeIdentity,
    Dispatcher,
    LeaseKeeper,
    JobRunner,
    Drain,
    Leadership,
    Supervisor,
    LostJobs,
    MissingEntries,
    Retention,
    QueueHealth,
  ],
  exports: [NodeIdentity, Dispatcher, JobRunner],
})
export class QueuesModule {}

/** Takes jobs from the queue (ROLE `all` and `worker`). */
@Module({ imports: [QueuesModule, JobsModule], providers: [JobConsumer] })
export class ConsumerModule {}
