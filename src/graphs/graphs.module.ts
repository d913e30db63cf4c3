import { Module } from '@nestjs/common';
import { EngineModule } from '../engine/engine.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { OgcModule } from '../ogc/ogc.module.js';
import { ProcessesModule } from '../processes/processes.module.js';
import { TasksApiModule } from '../tasks/http/tasks-api.module.js';
import { GraphsController } from './http/graphs.controller.js';
import { JobGraphs } from './job-graphs.js';
import { ProcessGraphs } from './process-graphs.js';

/** The task graphs of processes and jobs as resources of the API. */
@Module({
  imports: [EngineModule, JobsModule, ProcessesModule, OgcModule, TasksApiModule],
  controllers: [GraphsController],
  providers: [ProcessGraphs, JobGraphs],
})
export class GraphsModule {}
