import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { isTerminal, stateInWords } from '../jobs/job-state.js';
import { JobReader } from '../jobs/store/job-reader.js';
import type { JobDetailRow } from '../jobs/store/job-reader.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { type ValueValidator, ValueValidators } from '../processes/validation/value-validator.js';
import { JobControls, type QuestionRow } from './store/job-controls.js';

/** What a client says to a job that waits. */
export interface Resumption {
  /** Key of the step that asks; needed only when several do. */
  readonly task?: string;
  /** A JSON value; absent: the job was paused and is to go on. */
  readonly input?: unknown;
}

/** Pauses jobs, and lets them go on: by itself, or with the answer that one of their steps waits for. */
@Injectable()
export class PauseService {
  constructor(
    private readonly reader: JobReader,
    private readonly controls: JobControls,
  ) {}

  /**
   * From now on no step of the job begins. A job that waits is paused at once, one that runs when its steps have ended.
   * @throws DomainError `no-such-job`, `job-has-ended`
   */
  async pause(jobId: string): Promise<JobDetailRow> {
    const { id } = await this.reader.get(jobId);
    const isPaused = await this.controls.pause(id);
    const job = await this.reader.get(id);
    if (!isPaused) requireUnfinished(job);
    return job;
  }

  /**
   * Ends a pause, or answers a step. The same answer once more changes nothing, also when the job has ended meanwhile.
   * @throws DomainError `no-such-job`, `job-has-ended`, `job-not-waiting` when there is nothing to resume,
   *   `invalid-parameter` for an answer that does not fit, with every violation
   */
  async resume(jobId: string, resumption: Resumption): Promise<JobDetailRow> {
    const job = await this.reader.get(jobId);
    const { task, input } = resumption;
    if (hasEnded(job) && input !== undefined && (await this.isGiven(job.id, task, input))) return job;
    requireUnfinished(job);
    if (task !== undefined || input !== undefined) await this.answer(job.id, task, input);
    else if (!(await this.controls.continue(job.id))) await this.refuse(job.id);
    return await this.reader.get(job.id);
  }

  private async answer(jobId: string, task: string | undefined, input: unknown): Promise<void> {
    const candidates = await this.questions(jobId, task);
    if (candidates.some((question) => this.isAnswered(question, input))) return;
    const open = candidates.filter(({ is_open: isOpen }) => isOpen);
    if (open.length === 0) throw notWaiting(task);
    if (input === undefined) throw invalid('/input', 'This member is required: the job waits for an answer.');
    if (open.length > 1) {
      const keys = open.map(({ key }) => JSON.stringify(key)).join(', ');
      throw invalid('/task', `This member is required: several steps wait for an answer. They are ${keys}.`);
    }
    const [{ key, request }] = open;
    // Validation writes defaults into it.
    const answer = copyOf(input);
    const violations = this.validatorOf(key, request).validate(answer, '/input');
    if (violations.length > 0) {
      throw new DomainError('invalid-parameter', `The answer does not fit what the step "${key}" asks for.`, {
        errors: violations,
      });
    }
    // When it is not taken, somebody else was faster, or the time for an answer passed just now.
    if (await this.controls.answer(jobId, key, answer)) return;
    if (!(await this.isGiven(jobId, key, input))) throw notWaiting(key);
  }

  private validatorOf(key: string, { schema }: QuestionRow['request']): ValueValidator {
    try {
      // Made anew each time: it keeps all that it has ever compiled.
      return new ValueValidators('inputs').compile(schema);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw invalid(
        '/input',
        `Nothing can be answered to the step "${key}", because its JSON Schema is wrong: ${reason}.`,
      );
    }
  }

  private async questions(jobId: string, task: string | undefined): Promise<QuestionRow[]> {
    return (await this.controls.questions(jobId)).filter(({ key }) => task === undefined || key === task);
  }

  private async isGiven(jobId: string, task: string | undefined, input: unknown): Promise<boolean> {
    return (await this.questions(jobId, task)).some((question) => this.isAnswered(question, input));
  }

  /** An answer is kept with the defaults of what it left out. */
  private isAnswered({ key, request, answer }: QuestionRow, input: unknown): boolean {
    if (answer === null || input === undefined) return false;
    const given = copyOf(input);
    this.validatorOf(key, request).validate(given, '/input');
    return isDeepStrictEqual(JSON.parse(answer), given);
  }

  private async refuse(jobId: string): Promise<never> {
    const open = (await this.controls.questions(jobId)).filter(({ is_open: isOpen }) => isOpen);
    if (open.length > 0) throw invalid('/input', 'This member is required: the job waits for an answer.');
    throw new DomainError('job-not-waiting', 'The job is not paused, and none of its steps waits for an answer.');
  }
}

function copyOf(json: unknown): unknown {
  return JSON.parse(JSON.stringify(json));
}

function notWaiting(task: string | undefined): DomainError {
  const detail =
    task === undefined
      ? 'No step of the job waits for an answer.'
      : `The step ${JSON.stringify(task)} does not wait for an answer: there is none, or it was answered, or its time has passed.`;
  return new DomainError('job-not-waiting', detail);
}

function invalid(pointer: string, detail: string): DomainError {
  return new DomainError('invalid-parameter', 'The job cannot be resumed with this request.', {
    errors: [{ pointer, detail }],
  });
}

function hasEnded({ state_type: state }: JobDetailRow): boolean {
  return isTerminal(state) || state === 'CANCELLING';
}

function requireUnfinished({ state_type: state, state_name: name }: JobDetailRow): void {
  if (isTerminal(state)) throw new DomainError('job-has-ended', `The job has ended; it is ${stateInWords(name)}.`);
  if (state === 'CANCELLING') throw new DomainError('job-has-ended', 'The job is being dismissed.');
}
