import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Settings } from '../config/settings.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import { BoundedLogger } from './bounded-logger.js';
import type { CheckedJournal } from './checked-journal.js';
import type { ExecutionFault, ExecutionObserver, ExecutionOutcome, ExecutionUnit } from './execution-unit.js';
import { type HandlerOutcome, runHandler } from './run-handler.js';
import { RunJournal } from './run-journal.js';
import { callHooks, conclusionOf, hasHooks, HOOKS_LIMIT, LATE_HOOKS } from './state-hooks.js';
import type { StorageDesk } from './storage-desk.js';
import { stoppedOutcome } from './stopped-outcome.js';
import { type StopSignal, TimeLimit, stopError } from './time-limit.js';
import { removeWorkDirectory } from './work-directory.js';

/** A run under way, and what can end it. */
interface OpenInlineRun {
  readonly unit: ExecutionUnit;
  /** the caller's */
  readonly signal: StopSignal;
  /** the code's */
  readonly stop: AbortController;
  /** by `performance.now()` */
  readonly started: number;
  readonly steps?: RunJournal;
  readonly journal?: CheckedJournal;
}

/** Runs processes of isolation `inline` in this event loop. Their code can be asked to stop, but not be ended. */
@Injectable()
export class InlineRunner {
  private readonly logger = new Logger(InlineRunner.name);

  constructor(private readonly settings: Settings) {}

  async run(
    process: RegisteredProcess,
    unit: ExecutionUnit,
    observer: ExecutionObserver,
    signal: StopSignal,
    desk: StorageDesk,
    journal?: CheckedJournal,
  ): Promise<ExecutionOutcome> {
    const stop = new AbortController();
    const steps = journal && new RunJournal(journal);
    const started = performance.now();
    const run = runHandler(process, unit, observer, stop, this.settings.INLINE_OUTPUT, desk, steps);
    const outcome =
      run instanceof Promise || journal?.isWriting === true
        ? await this.limited(run, { unit, signal, stop, started, steps, journal })
        : // Nothing could stop code that has ended before anybody else had a turn, but it may have taken too long.
          performance.now() - started > unit.timeout
          ? stoppedOutcome('timed-out', unit)
          : run;
    const standing = journal?.failure === undefined ? outcome : withoutResult(outcome, journal.failure);
    if (process.hooks !== undefined) await this.conclude(process, unit, observer, standing);
    return standing;
  }

  /** Watches code that goes on. */
  private limited(
    run: HandlerOutcome | Promise<HandlerOutcome>,
    { unit, signal, stop, started, steps, journal }: OpenInlineRun,
  ): Promise<ExecutionOutcome> {
    return new Promise<ExecutionOutcome>((resolve) => {
      const limit = new TimeLimit(
        unit.timeout,
        this.settings.CANCEL_GRACE,
        signal,
        (reason) => stop.abort(stopError(reason)),
        () => {
          const reason = limit.end() ?? 'cancelled';
          steps?.close();
          this.logger.warn(
            `The inline process "${unit.processId}" goes on after job ${unit.jobId} was stopped; ` +
              `its result is discarded. Use isolation 'child' for code that cannot stop early.`,
          );
          void removeWorkDirectory(unit.directory)
            .catch(() => undefined)
            .then(() => resolve(stoppedOutcome(reason, unit)));
        },
        started,
      );
      const end = (ended: ExecutionOutcome) => {
        const reason = limit.end();
        resolve(reason === undefined ? ended : stoppedOutcome(reason, unit));
      };
      void Promise.resolve(run).then((ended) =>
        journal?.isWriting === true ? journal.settled().then(() => end(ended)) : end(ended),
      );
    });
  }

  private async conclude(
    process: RegisteredProcess,
    { jobId, task }: ExecutionUnit,
    observer: ExecutionObserver,
    outcome: ExecutionOutcome,
  ): Promise<void> {
    const conclusion = task === undefined ? conclusionOf(outcome) : undefined;
    if (conclusion === undefined || !hasHooks(process, conclusion)) return;
    const logger = new BoundedLogger((line) => observer.log(line));
    const timer = new AbortController();
    const late = delay(HOOKS_LIMIT, true, { signal: timer.signal }).catch(() => false);
    const called = callHooks(process, { ...conclusion, jobId }, logger).then(() => false);
    if (await Promise.race([called, late])) logger.warn(LATE_HOOKS);
    timer.abort();
    logger.close();
  }
}

/** What the code itself came to does not count where its journal failed. */
function withoutResult(outcome: ExecutionOutcome, fault: ExecutionFault): ExecutionOutcome {
  const isOfCode = outcome.kind === 'succeeded' || outcome.kind === 'failed' || outcome.kind === 'suspended';
  return isOfCode ? { kind: 'failed', fault } : outcome;
}
