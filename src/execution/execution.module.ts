import { Module } from '@nestjs/common';
import { EngineModule } from '../engine/engine.module.js';
import { JobsApiModule, JobsModule } from '../jobs/jobs.module.js';
import { OgcModule } from '../ogc/ogc.module.js';
import { OutgoingModule } from '../outgoing/outgoing.module.js';
import { ProcessesModule } from '../processes/processes.module.js';
import { QueuesModule } from '../queues/queues.module.js';
import { BareExecution } from './bare-execution.js';
import { ExecutionController } from './execution.controller.js';
import { ExecutionPreparation } from './execution-preparation.js';
import { ExecutionResponder } from './execution-responder.js';
import { ExecutionService } from './execution.service.js';
import { InputResolver } from './inputs/input-resolver.js';
import { ReferenceReader } from './inputs/reference.reader.js';
import { JobExecution } from './job-execution.js';
import { JobResults } from './job-results.js';
import { PlainExecutions } from './plain/plain-executions.js';
import { ResultsController } from './results.controller.js';
import { ResultsWriter } from './results/results.writer.js';

/** From an execute request to a job or its results, and back. */
@Module({
  imports: [OgcModule, ProcessesModule, EngineModule, JobsModule, JobsApiModule, QueuesModule, OutgoingModule],
  controllers: [ExecutionController, ResultsController],
  providers: [
    ExecutionPreparation,
    ExecutionService,
    JobExecution,
    BareExecution,
    ExecutionResponder,
    PlainExecutions,
    InputResolver,
    ReferenceReader,
    ResultsWriter,
    JobResults,
  ],
  exports: [JobResults, ResultsWriter, PlainExecutions],
})
export class ExecutionModule {}
