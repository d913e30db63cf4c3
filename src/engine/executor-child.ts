import type { LoggerService } from '@nestjs/common';
import { Worker } from 'node:worker_threads';
import { traceFlow } from '../flows/graph/flow-tracer.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import { messageOf, stackOf } from './execution-faults.js';
import type { ExecutorCommand, ExecutorMessage, ExecutorStart } from './executor-messages.js';
import { ExecutorLogger } from './executor-logger.js';
import { ExecutorRun } from './executor-run.js';
import type { WatchdogData } from './executor-watchdog.js';
import type { Conclusion } from './state-hooks.js';

/** The processes of an executor, and how to let go of what they hold. */
export interface LoadedProcesses {
  readonly processes: readonly RegisteredProcess[];
  close(): Promise<void>;
}

/** How long a message may take to leave before the executor exits without it, milliseconds. */
const LAST_WORDS = 200;

/**
 * The main part of an executor process: starts its watchdog, loads the processes, says what it can run and then runs
 * one unit after the other until the service closes the channel.
 *
 * @param load builds the processes; a failure is told to the service as the reason why no executor starts
 */
export async function serveAsExecutor(
  load: (start: ExecutorStart, logger: LoggerService) => Promise<LoadedProcesses>,
): Promise<void> {
  process.title = 'sluice executor';
  const start = JSON.parse(process.argv[2]) as ExecutorStart;
  const server = new ExecutorServer(start.inlineOutput);
  process.on('uncaughtException', (error) => server.fail('uncaught exception', error));
  process.on('unhandledRejection', (reason) => server.fail('unhandled promise rejection', reason));
  try {
    await startWatchdog({ parent: start.parent, residentLimit: start.residentLimit });
    const loaded = await load(start, server.logger);
    process.once('disconnect', () => void loaded.close().finally(leave));
    server.serve(loaded.processes);
  } catch (error) {
    sendAndExit({ type: 'start-failed', detail: stackOf(error) });
  }
}

class ExecutorServer {
  readonly logger = new ExecutorLogger();
  private readonly processes = new Map<string, RegisteredProcess>();
  private current?: ExecutorRun;
  private failed = false;

  constructor(private readonly inlineOutput: number) {
    // Listening also keeps the process alive until the service closes the channel.
    process.on('message', (command: ExecutorCommand) => {
      // On its way out it begins nothing: the service gives the unit to another executor.
      if (this.failed) return;
      if (command.type === 'run') void this.run(command);
      else if (command.type === 'trace') void this.trace(command);
      else if (command.run === this.current?.number) this.heed(this.current, command);
    });
  }

  serve(processes: readonly RegisteredProcess[]): void {
    for (const process of processes) this.processes.set(process.description.id, process);
    send({ type: 'ready', processes: processes.map(({ description: { id, version } }) => ({ id, version })) });
  }

  /** The way out when user code threw where nobody could catch it: its state is unknown, so the process ends. */
  fail(kind: string, thrown: unknown): void {
    if (this.failed) return;
    this.failed = true;
    this.logger.target?.error(`${kind}: ${stackOf(thrown)}`);
    const detail = `${kind}: ${messageOf(thrown)}`;
    sendAndExit({ type: 'fatal', run: this.current?.number, news: this.current?.takeNews(), detail });
  }

  private async run(command: Extract<ExecutorCommand, { type: 'run' }>): Promise<void> {
    // The parent asks for nothing that it did not read in this executor's list.
    const registered = this.processes.get(command.unit.processId) as RegisteredProcess;
    const run = new ExecutorRun(registered, command, send);
    this.current = run;
    const outcome = await this.logger.during(run.logger, () => run.carryOut(this.inlineOutput));
    const hooks = run.hasHooks(outcome);
    if (!hooks) this.leave(run, outcome.kind === 'suspended');
    send({ type: 'result', run: run.number, news: run.takeNews(), outcome, hooks });
  }

  private async trace({ run, processId }: Extract<ExecutorCommand, { type: 'trace' }>): Promise<void> {
    send({ type: 'traced', run, graph: await traceFlow(this.processes.get(processId) as RegisteredProcess) });
  }

  private heed(run: ExecutorRun, command: Exclude<ExecutorCommand, { type: 'run' | 'trace' }>): void {
    if (command.type === 'stop') run.stop(command.reason);
    else if (command.type === 'answer') run.answer(command.ask, command.answer);
    else if (command.type === 'storage-answer') run.answerStorage(command.ask, command.answer);
    else void this.conclude(run, command.conclusion);
  }

  private async conclude(run: ExecutorRun, conclusion: Conclusion): Promise<void> {
    await this.logger.during(run.logger, () => run.callHooks(conclusion));
    this.leave(run, false);
    send({ type: 'hooked', run: run.number, news: run.takeNews() });
  }

  /** @param abandoned whether code of the run may still be at work, which must not be heard any more */
  private leave(run: ExecutorRun, abandoned: boolean): void {
    this.current = undefined;
    this.logger.leave(run.logger, abandoned);
  }
}

function send(message: ExecutorMessage, left?: (error: Error | null) => void): void {
  process.send?.(message, undefined, undefined, (error) => left?.(error));
}

function sendAndExit(message: ExecutorMessage): void {
  setTimeout(() => process.exit(1), LAST_WORDS);
  send(message, () => process.exit(1));
}

/** Exits, and takes along what user code started in this process group. */
function leave(): void {
  process.once('exit', () => process.kill(-process.pid, 'SIGKILL'));
  process.exit(0);
}

function startWatchdog(workerData: WatchdogData): Promise<void> {
  const watchdog = new Worker(new URL('./executor-watchdog.js', import.meta.url), {
    workerData,
    execArgv: [],
    env: {},
  });
  return new Promise((resolve, reject) => {
    watchdog.once('online', () => {
      watchdog.unref();
      resolve();
    });
    watchdog.once('error', reject);
  });
}
