import { Module } from '@nestjs/common';
import { BlocksModule } from '../blocks/blocks.module.js';
import { EngineModule } from '../engine/engine.module.js';
import { JobsApiModule } from '../jobs/http/jobs-api.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { OgcModule } from '../ogc/ogc.module.js';
import { OutgoingModule } from '../outgoing/outgoing.module.js';
import { ProcessesModule } from '../processes/processes.module.js';
import { QueuesModule } from '../queues/queues.module.js';
import { StorageModule } from '../storage/storage.module.js';
import { UploadsModule } from '../uploads/uploads.module.js';
import { BareExecution } from './bare-execution.js';
import { ExecutionController } from './execution.controller.js';
import { ExecutionPreparation } from './execution-preparation.js';
import { ExecutionResponder } from './execution-responder.js';
import { ExecutionService } from './execution.service.js';
import { InputResolver } from './inputs/input-resolver.js';
import { ReferenceReader } from './inputs/reference.reader.js';
import { ReferenceSources } from './inputs/references/reference-sources.js';
import { StorageReferences } from './inputs/references/storage-references.js';
import { UploadReferences } from './inputs/references/upload-references.js';
import { JobExecution } from './job-execution.js';
import { JobResults } from './job-results.js';
import { PlainExecutions } from './plain/plain-executions.js';
import { ResultsController } from './results.controller.js';
import { LinkKeys } from './results/link-keys.js';
import { OutputLinks } from './results/output-links.js';
import { ResultsWriter } from './results/results.writer.js';
import { ShutdownGrace } from './shutdown-grace.js';

/** From an execute request to a job or its results, and back. */
@Module({
  imports: [
    OgcModule,
    ProcessesModule,
    EngineModule,
    JobsModule,
    JobsApiModule,
    QueuesModule,
    OutgoingModule,
    BlocksModule,
    StorageModule,
    UploadsModule,
  ],
  controllers: [ExecutionController, ResultsController],
  providers: [
    ExecutionPreparation,
    ExecutionService,
    JobExecution,
    BareExecution,
    ShutdownGrace,
    ExecutionResponder,
    PlainExecutions,
    InputResolver,
    ReferenceReader,
    ...[ReferenceSources, UploadReferences, StorageReferences],
    ResultsWriter,
    JobResults,
    OutputLinks,
    LinkKeys,
  ],
  exports: [JobResults, ResultsWriter, OutputLinks, PlainExecutions],
})
export class ExecutionModule {}
