import { join } from 'node:path';
import type { JobContext } from '../processes/job-context.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import { BoundedLogger } from './bounded-logger.js';
import { collectOutputs } from './collect-outputs.js';
import { faultOf, invalidOutput, stackOf } from './execution-faults.js';
import type { ExecutionObserver, ExecutionOutcome, ExecutionUnit } from './execution-unit.js';
import { storableText } from './storable-text.js';
import { WorkDirectory } from './work-directory.js';
import { MediaTypeRefusal, WrittenOutputs } from './written-outputs.js';

/** What a handler itself can end with; limits, cancellation and crashes are judged from outside. */
export type HandlerOutcome = Extract<ExecutionOutcome, { kind: 'succeeded' | 'failed' }>;

/**
 * Runs the code of a process for one unit, in whatever operating-system process this is called. Never rejects.
 *
 * @param observer hears progress (0 to 100, whole numbers) and log lines until the returned promise is settled
 * @param signal becomes `context.signal`; nothing here judges why it fired
 * @param inlineOutput bytes of JSON beyond which a value is stored as a file
 */
export async function runHandler(
  process: RegisteredProcess,
  unit: ExecutionUnit,
  observer: ExecutionObserver,
  signal: AbortSignal,
  inlineOutput: number,
): Promise<HandlerOutcome> {
  const outputDirectory = join(unit.directory, 'outputs');
  const logger = new BoundedLogger((line) => observer.log(line));
  const work = new WorkDirectory(unit.directory);
  const written = new WrittenOutputs(outputDirectory, process.description.outputs, signal, logger);
  let ended = false;
  const context: JobContext = {
    jobId: unit.jobId,
    signal,
    logger,
    outputs: written,
    workDirectory: () => (ended ? Promise.reject(new Error('The execution has ended')) : work.path()),
    progress: (percent, message) => {
      if (ended || !Number.isFinite(percent)) return;
      observer.progress(
        Math.round(Math.min(100, Math.max(0, percent))),
        message ? storableText(String(message), 1_000) : undefined,
      );
    },
  };
  try {
    const returned = await process.handler.execute(process.reviveInputs(unit.inputs), context);
    const collected = await collectOutputs(process, returned, written, outputDirectory, inlineOutput, signal);
    return 'outputs' in collected
      ? { kind: 'succeeded', outputs: collected.outputs }
      : { kind: 'failed', fault: invalidOutput(collected.violations) };
  } catch (error) {
    const fault = error instanceof MediaTypeRefusal ? invalidOutput([error.violation]) : faultOf(error);
    if (fault.code === 'process-failed') logger.error(stackOf(error));
    return { kind: 'failed', fault };
  } finally {
    ended = true;
    written.close();
    await work.remove().catch((error: unknown) => logger.warn(`The work directory remains: ${String(error)}`));
    logger.close();
  }
}
