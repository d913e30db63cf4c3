import { Module } from '@nestjs/common';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { ExecutionModule } from '../execution/execution.module.js';
import { JobsApiModule } from '../jobs/http/jobs-api.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { ProcessesModule } from '../processes/processes.module.js';
import { CallbackDocuments } from './callback-documents.js';
import { CallbackQueue } from './callback-queue.js';
import { CallbackSource } from './callback-source.js';

/** Calls subscribers back. Every node with an API has this; a worker alone does not know the form of results. */
@Module({
  imports: [DeliveriesModule, ExecutionModule, JobsModule, JobsApiModule, ProcessesModule],
  providers: [CallbackQueue, CallbackDocuments, CallbackSource],
})
export class CallbacksModule {}
