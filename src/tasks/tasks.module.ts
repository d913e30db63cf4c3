import { Module } from '@nestjs/common';
import { JobsModule } from '../jobs/jobs.module.js';
import { ProcessesModule } from '../processes/processes.module.js';
import { CachedSteps } from './cache/cached-steps.js';
import { ChildJobs } from './child-jobs.js';
import { JobChanges } from './job-changes.js';
import { JobStepsFactory } from './job-steps.factory.js';
import { StepEntrance } from './limits/step-entrance.js';
import { StepPlacements } from './limits/step-placements.js';
import { Artifacts } from './store/artifacts.js';
import { JobSuspension } from './store/job-suspension.js';
import { StepBeginnings } from './store/step-beginnings.js';
import { StepEndings } from './store/step-endings.js';
import { StepMemory } from './store/step-memory.js';
import { TaskClaims } from './store/task-claims.js';
import { TaskDispatches } from './store/task-dispatches.js';
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
