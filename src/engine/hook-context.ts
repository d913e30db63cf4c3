import { FlowSession } from '../flows/flow-session.js';
import { StepJournal, type StepReceipt, type StepVerdict } from '../flows/step-journal.js';
import type { JobContext, JobLogger, JobStorage } from '../processes/job-context.js';
import type { RegisteredProcess } from '../processes/registered-process.js';

const ended = () => Promise.reject(new Error('The job has ended: a hook can neither write outputs nor call steps'));

const endedStorage: JobStorage = {
  get: ended,
  put: ended,
  stat: ended,
  list: () => ({ [Symbol.asyncIterator]: () => ({ next: ended }) }),
  delete: ended,
};

/** What the methods with `@OnState()` are given: a log, and otherwise the context of a job that has ended. */
export function hookContext(process: RegisteredProcess, jobId: string, logger: JobLogger): JobContext {
  const stop = new AbortController();
  const session = new FlowSession({
    jobId,
    process,
    journal: new EndedJournal(),
    baseContext: {
      jobId,
      get signal() {
        return stop.signal;
      },
      logger,
      outputs: { write: ended, file: ended },
      workDirectory: ended,
      storage: endedStorage,
      storageOf: () => endedStorage,
      progress: () => undefined,
    },
  });
  return session.context;
}

/** Refuses every step. */
class EndedJournal extends StepJournal {
  begin(): Promise<StepVerdict> {
    return ended();
  }

  end(): Promise<StepReceipt> {
    return ended();
  }

  keep(): Promise<void> {
    return ended();
  }
}
