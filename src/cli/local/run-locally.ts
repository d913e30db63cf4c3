import { mkdtemp, rm } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { arrayBuffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { LocalEnd, LocalProcesses } from '../../run-local.js';
import { CliError } from '../cli-error.js';
import { describeProblem, type ProblemDocument, ServerProblem } from '../client/server-problem.js';
import { ExitCode } from '../exit-code.js';
import { logText } from '../output/job-text.js';
import { type ResultsAnswer, ResultsDelivery } from '../output/results-delivery.js';
import { note } from '../output/terminal.js';
import { prepareRun } from '../run-process.js';
import { Interruption } from '../watch/interruption.js';
import { ProgressLine } from '../watch/progress-line.js';
import { TerminalQuestions } from './terminal-questions.js';

/** The options of `flow run --local`. */
export interface LocalRunOptions {
  readonly module?: readonly string[];
  readonly output?: string;
  /** Each an output id, or `id=media/type`. */
  readonly out?: readonly string[];
  /** Milliseconds. */
  readonly timeout?: number;
  readonly json?: boolean;
}

/**
 * Runs a process here: its progress and log go to standard error, its results where those of `run` would.
 * @throws CliError with the exit code for a process that cannot be loaded, a request that does not fit, a failed run
 */
export async function runLocally(processId: string, given: readonly string[], options: LocalRunOptions): Promise<void> {
  const interruption = new Interruption(options.timeout);
  const directory = await mkdtemp(join(tmpdir(), 'sluice-run-'));
  let processes: LocalProcesses | undefined;
  let isKept = false;
  try {
    processes = await open(options.module ?? []);
    const end = await execute(processes, processId, given, { ...options, directory, interruption });
    isKept = end;
  } finally {
    interruption.end();
    await processes?.close();
    if (!isKept) await rm(directory, { recursive: true, force: true });
  }
}

async function open(modules: readonly string[]): Promise<LocalProcesses> {
  const { openLocalProcesses, LocalStartError } = await import('../../run-local.js');
  try {
    return await openLocalProcesses(modules, note);
  } catch (error) {
    throw error instanceof LocalStartError ? new CliError(error.message, ExitCode.usage) : error;
  }
}

/** @returns whether the results name files in the directory, which then have to stay */
async function execute(
  processes: LocalProcesses,
  processId: string,
  given: readonly string[],
  options: LocalRunOptions & { readonly directory: string; readonly interruption: Interruption },
): Promise<boolean> {
  const { directory, interruption, json } = options;
  const process = processes.descriptions.find(({ id }) => id === processId);
  // Without a description every input is sent as it is, and the answer says that there is no such process.
  if (process === undefined) throw refusal(await processes.execute(processId, {}, nowhere(directory, interruption)));
  const { body, delivery } = await prepareRun(process, given, options, 'path');
  const request = JSON.parse(await text(body.stream())) as unknown;

  const line = new ProgressLine();
  const questions = new TerminalQuestions(() => line.clear(), interruption.signal);
  let end: LocalEnd;
  try {
    end = await processes.execute(processId, request, {
      directory,
      signal: interruption.signal,
      observer: {
        progress: (progress, message) => {
          if (!json) line.show({ status: 'running', progress, message });
        },
        log: (entry) => {
          if (!json) line.above(logText(entry));
        },
        ask: (question) => questions.ask(question),
      },
    });
  } finally {
    line.clear();
    questions.close();
  }
  if (end.kind !== 'results') throw refusal(end);
  await new ResultsDelivery({ download }, delivery).deliver(answerOf(end));
  const isKept = end.links && delivery.destination === undefined;
  if (isKept) note(`The files are in ${directory}; --output DIRECTORY saves them elsewhere.`);
  return isKept;
}

function nowhere(directory: string, { signal }: Interruption) {
  const nothing = () => undefined;
  const ask = () => Promise.reject(new Error('Nothing runs that could ask'));
  return { directory, signal, observer: { progress: nothing, log: nothing, ask } };
}

/** How the command ends for a request that was refused, and for a run that failed. */
function refusal(end: LocalEnd): CliError {
  if (end.kind === 'results') return new CliError('There are no results.', ExitCode.problem);
  const problem: ProblemDocument = end.problem;
  if (end.kind === 'refused') return new ServerProblem(end.problem.status, problem);
  const message = `The process failed.\n${describeProblem(problem)}`;
  return new CliError(message, ExitCode.jobFailed, undefined, { problem });
}

function answerOf({ response }: Extract<LocalEnd, { kind: 'results' }>): ResultsAnswer {
  const content = response.open?.() ?? '';
  const stream = content instanceof Readable ? content : Readable.from([Buffer.from(content)], { objectMode: false });
  return { statusCode: response.status, headers: response.headers, body: withReaders(stream) };
}

/** Opens a file that a results document links. */
function download(href: string): Promise<ResultsAnswer> {
  return Promise.resolve({
    statusCode: 200,
    headers: {},
    body: withReaders(createReadStream(fileURLToPath(href))),
  });
}

function withReaders(stream: Readable): ResultsAnswer['body'] {
  return Object.assign(stream, {
    text: () => text(stream),
    arrayBuffer: () => arrayBuffer(stream),
    dump: () => Promise.resolve(void stream.destroy()),
  });
}
