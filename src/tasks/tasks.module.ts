import { Module } from '@nestjs/common';
import { JobsApiModule, JobsModule } from '../jobs/jobs.module.js';
import { OgcModule } from '../ogc/ogc.module.js';
import { ProcessesModule } from '../processes/processes.module.js';
import { JobControlController } from './http/job-control.controller.js';
import { TasksController } from './http/tasks.controller.js';
import { CachedSteps } from './cache/cached-steps.js';
import { ChildJobs } from './child-jobs.js';
import { JobChanges } from './job-changes.js';
import { JobStepsFactory } from './job-steps.factory.js';
import { StepEntrance } from './limits/step-entrance.js';
import { StepPlacements } from './limits/step-placements.js';
import { PauseService } from './pause.service.js';
import { RepetitionService } from './repetition.service.js';
import { Artifacts } from './store/artifacts.js';
import { JobControls } from './store/job-controls.js';
import { JobRepetitions } from './store/job-repetitions.js';
import { JobSuspension } from './store/job-suspension.js';
import { StepBeginnings } from './store/step-beginnings.js';
import { StepEndings } from './store/step-endings.js';
import { StepMemory } from './store/step-memory.js';
import { TaskClaims } from './store/task-claims.js';
import { TaskDispatches } from './store/task-dispatches.js';
import { TaskList } from './store/task-list.js';
import { TaskRecovery } from './store/task-recovery.js';

const STORE = [StepMemory, StepBeginnings, StepEndings, StepPlacements, CachedSteps, Artifacts, JobSuspension];
const OF_TASKS = [TaskDispatches, TaskClaims, TaskRecovery, JobChanges];

/** The memory of flows. Every role has it. */
@Module({
  imports: [JobsModule, ProcessesModule],
  providers: [...STORE, ...OF_TASKS, ChildJobs, StepEntrance, JobStepsFactory],
  exports: [JobStepsFactory, JobSuspension, TaskClaims, TaskRecovery, Artifacts],
})
export class TasksModule {}

/** Steps as resources of the API, and what clients can do with jobs that have them. */
@Module({
  imports: [TasksModule, JobsModule, JobsApiModule, ProcessesModule, OgcModule],
  controllers: [TasksController, JobControlController],
  providers: [TaskList, JobControls, JobRepetitions, PauseService, RepetitionService],
  exports: [TaskList],
})
export class TasksApiModule {}
