import { ChangeAnnouncer } from '../../src/jobs/change-announcer.js';
import { StoredFiles } from '../../src/jobs/files/stored-files.js';
import { JobFiles } from '../../src/jobs/job-files.js';
import { JobInputs } from '../../src/jobs/job-inputs.js';
import type { HeldLease } from '../../src/jobs/store/job-leases.js';
import { ProcessRegistry } from '../../src/processes/process-registry.js';
import type { StepStart } from '../../src/flows/step-journal.js';
import { CachedSteps } from '../../src/tasks/cache/cached-steps.js';
import { ChildJobs } from '../../src/tasks/child-jobs.js';
import { JobChanges } from '../../src/tasks/job-changes.js';
import { JobStepsFactory } from '../../src/tasks/job-steps.factory.js';
import type { JobSteps } from '../../src/tasks/job-steps.js';
import { StepEntrance } from '../../src/tasks/limits/step-entrance.js';
import { StepPlacements } from '../../src/tasks/limits/step-placements.js';
import { PauseService } from '../../src/tasks/pause.service.js';
import { RepetitionService } from '../../src/tasks/repetition.service.js';
import { Artifacts } from '../../src/tasks/store/artifacts.js';
import { JobControls } from '../../src/tasks/store/job-controls.js';
import { JobRepetitions } from '../../src/tasks/store/job-repetitions.js';
import { JobSuspension } from '../../src/tasks/store/job-suspension.js';
import { StepBeginnings } from '../../src/tasks/store/step-beginnings.js';
import { StepEndings } from '../../src/tasks/store/step-endings.js';
import { StepMemory } from '../../src/tasks/store/step-memory.js';
import type { ClaimedTask } from '../../src/tasks/store/task-claims.js';
import { TaskDispatches } from '../../src/tasks/store/task-dispatches.js';
import { TaskList } from '../../src/tasks/store/task-list.js';
import type { NewJob } from '../../src/jobs/store/new-job.js';
import type { RunLog } from '../../src/tasks/run-log.js';
import type { TaskRunSteps } from '../../src/tasks/task-run-steps.js';
import type { TestDatabase } from './database.js';

/** A row of `task_run`, as far as tests look at it. */
export interface TaskRow {
  readonly key: string;
  readonly kind: string;
  readonly state_type: string;
  readonly state_name: string;
  readonly attempt: number;
  readonly epoch: number;
  readonly child_id: string | null;
  readonly message: string | null;
  readonly cached_from: { readonly job: string; readonly key: string } | null;
  readonly failures: readonly { attempt: number; fault: { message: string } }[];
}

/** Code that says nothing. */
const SILENT: RunLog = { flushLines: () => Promise.resolve(), flush: () => Promise.resolve() };

/** The memory of steps on a test's database. */
export class TestSteps {
  readonly registry = new ProcessRegistry();
  readonly files: JobFiles;
  readonly stored: StoredFiles;
  readonly suspension: JobSuspension;
  readonly artifacts: Artifacts;
  readonly list: TaskList;
  readonly pauses: PauseService;
  readonly repetitions: RepetitionService;
  private readonly factory: JobStepsFactory;
  private readonly beginnings: StepBeginnings;

  constructor(private readonly store: TestDatabase) {
    const { database, settings, dispatch } = store;
    const announcer = new ChangeAnnouncer(database);
    this.files = new JobFiles(settings);
    this.stored = new StoredFiles(this.files, store.storages, settings);
    this.suspension = new JobSuspension(database, announcer);
    this.artifacts = new Artifacts(database, announcer);
    this.list = new TaskList(database);
    this.pauses = new PauseService(store.reader, new JobControls(database, announcer, dispatch));
    const repetitions = new JobRepetitions(database, announcer, dispatch);
    this.repetitions = new RepetitionService(store.reader, repetitions, this.registry, this.files, this.stored);
    const beginnings = (this.beginnings = new StepBeginnings(database, announcer));
    const cached = new CachedSteps(database, this.stored);
    const placements = new StepPlacements();
    const dispatches = new TaskDispatches(database, announcer);
    this.factory = new JobStepsFactory(
      database,
      new StepMemory(database),
      beginnings,
      new StepEndings(database, announcer),
      new StepEntrance(database, store.slots, cached, beginnings, dispatches, placements, announcer),
      store.slotQueue,
      this.artifacts,
      new ChildJobs(this.registry, new JobInputs(this.files, this.stored, settings), this.files, this.stored),
      dispatches,
      new JobChanges(store.notifications),
      dispatch,
      settings,
    );
  }

  /** The steps of a job that was claimed; as after a restart when it was claimed before. */
  of(held: HeldLease & { readonly retry_of?: string | null; readonly storage?: string | null }): JobSteps {
    const isResumed = held.epoch > 1 || (held.retry_of ?? null) !== null;
    const stop = new AbortController();
    const files = this.stored.ofRun(held.storage, this.files.attempt(held.id, held.epoch), stop);
    return this.factory.open({ ...held, processId: 'a-process', isResumed }, files, 'a-worker', stop, SILENT);
  }

  /** The steps of a task that was claimed apart from its job. */
  ofTask(task: ClaimedTask): TaskRunSteps {
    const stop = new AbortController();
    const directory = this.files.taskAttempt(task.id, task.task, task.epoch);
    const files = this.stored.ofRun(task.storage, directory, stop);
    return this.factory.openTask(task, files, 'a-worker', stop, SILENT);
  }

  /** Claims a job once more, as the next worker does. */
  async again(jobId: string): Promise<{ held: HeldLease; steps: JobSteps }> {
    const held = await this.store.leases.claim(jobId, 'another-worker', 60_000);
    if (held === undefined) throw new Error(`the job ${jobId} could not be claimed again`);
    return { held, steps: this.of(held) };
  }

  /** Has a step of a job start a job, whatever its process. */
  async openChild(held: HeldLease, key: string, child: NewJob): Promise<void> {
    const opening = { stateType: 'RUNNING', stateName: 'AwaitingProcess', event: 'task-started', child } as const;
    const row = await this.beginnings.open(held, step(key, { kind: 'process' }), 'a-worker', opening);
    if (row === undefined || row.begun === null) throw new Error(`the step ${key} was not begun`);
  }

  rows(jobId: string): Promise<TaskRow[]> {
    return this.store.query<TaskRow>('SELECT * FROM task_run WHERE job_id = $1 ORDER BY seq', [jobId]);
  }

  /** Makes every time that a job or its steps wait for lie in the past. */
  async passTime(jobId: string): Promise<void> {
    await this.store.query(
      `UPDATE task_run SET wake_at = now() - interval '1 s' WHERE job_id = $1 AND wake_at IS NOT NULL`,
      [jobId],
    );
    await this.store.query(`UPDATE job SET due_at = now() - interval '1 s' WHERE id = $1 AND due_at IS NOT NULL`, [
      jobId,
    ]);
  }
}

/** A step that wants to begin. */
export function step(key: string, members: Partial<StepStart> = {}): StepStart {
  return { key, name: key, kind: 'task', inputHash: 'hash', after: [], ...members };
}
