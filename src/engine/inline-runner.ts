import { Injectable, Logger } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import type { ExecutionObserver, ExecutionOutcome, ExecutionUnit } from './execution-unit.js';
import { runHandler } from './run-handler.js';
import { stoppedOutcome } from './stopped-outcome.js';
import { TimeLimit, stopError } from './time-limit.js';
import { removeWorkDirectory } from './work-directory.js';

/** Runs processes of isolation `inline` in this event loop. Their code can be asked to stop, but not be ended. */
@Injectable()
export class InlineRunner {
  private readonly logger = new Logger(InlineRunner.name);

  constructor(private readonly settings: Settings) {}

  async run(
    process: RegisteredProcess,
    unit: ExecutionUnit,
    observer: ExecutionObserver,
    signal: AbortSignal,
  ): Promise<ExecutionOutcome> {
    const controller = new AbortController();
    return new Promise((resolve) => {
      const limit = new TimeLimit(
        unit.timeout,
        this.settings.CANCEL_GRACE,
        signal,
        (reason) => controller.abort(stopError(reason)),
        () => {
          const reason = limit.end() ?? 'cancelled';
          this.logger.warn(
            `The inline process "${unit.processId}" goes on after job ${unit.jobId} was stopped; ` +
              `its result is discarded. Use isolation 'child' for code that cannot stop early.`,
          );
          void removeWorkDirectory(unit.directory)
            .catch(() => undefined)
            .then(() => resolve(stoppedOutcome(reason, unit.timeout)));
        },
      );
      void runHandler(process, unit, observer, controller.signal, this.settings.INLINE_OUTPUT).then((outcome) => {
        const reason = limit.end();
        resolve(reason === undefined ? outcome : stoppedOutcome(reason, unit.timeout));
      });
    });
  }
}
