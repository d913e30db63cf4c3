import { Module } from '@nestjs/common';
import { JobsApiModule } from '../../jobs/http/jobs-api.module.js';
import { JobsModule } from '../../jobs/jobs.module.js';
import { OgcModule } from '../../ogc/ogc.module.js';
import { ProcessesModule } from '../../processes/processes.module.js';
import { PauseService } from '../pause.service.js';
import { RepetitionService } from '../repetition.service.js';
import { JobControls } from '../store/job-controls.js';
import { JobRepetitions } from '../store/job-repetitions.js';
import { TaskList } from '../store/task-list.js';
import { TasksModule } from '../tasks.module.js';
import { JobControlController } from './job-control.controller.js';
import { TasksController } from './tasks.controller.js';

/** Steps as resources of the API, and what clients can do with jobs that have them. */
@Module({
  imports: [TasksModule, JobsModule, JobsApiModule, ProcessesModule, OgcModule],
  controllers: [TasksController, JobControlController],
  providers: [TaskList, JobControls, JobRepetitions, PauseService, RepetitionService],
  exports: [TaskList],
})
export class TasksApiModule {}
