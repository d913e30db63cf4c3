import { Module } from '@nestjs/common';
import { ExecutionModule } from '../execution/execution.module.js';
import { JobsApiModule, JobsModule } from '../jobs/jobs.module.js';
import { OutgoingModule } from '../outgoing/outgoing.module.js';
import { ProcessesModule } from '../processes/processes.module.js';
import { CallbackDocuments } from './callback-documents.js';
import { CallbackQueue } from './callback-queue.js';
import { CallbackSender } from './callback-sender.js';

/** Calls subscribers back. Every node with an API has this; a worker alone does not know the form of results. */
@Module({
  imports: [ExecutionModule, JobsModule, JobsApiModule, OutgoingModule, ProcessesModule],
  providers: [CallbackQueue, CallbackDocuments, CallbackSender],
})
export class CallbacksModule {}
