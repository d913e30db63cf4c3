import type { OgcClient } from './client/ogc-client.js';
import type { ProcessDocument, StatusInfo } from './client/ogc-documents.js';
import { UsageError } from './cli-error.js';
import type { ClientOptions } from './client-command.js';
import { ServerProblem } from './client/server-problem.js';
import { ExecuteBody, type RequestedOutput } from './inputs/execute-body.js';
import type { FileTransport } from './inputs/input-file.js';
import { readInputs } from './inputs/read-inputs.js';
import { destinationOf } from './output/destination.js';
import { type Delivery, ResultsDelivery } from './output/results-delivery.js';
import { note, print, printJson } from './output/terminal.js';
import { Interruption } from './watch/interruption.js';
import { endOfJob, watchToEnd } from './watch/watch-to-end.js';

/** The options of `run`. */
export interface RunOptions extends ClientOptions {
  readonly async?: boolean;
  readonly watch?: boolean;
  readonly output?: string;
  /** Each an output id, or `id=media/type`. */
  readonly out?: readonly string[];
  /** Milliseconds. */
  readonly timeout?: number;
  readonly dismissOnInterrupt?: boolean;
}

/**
 * Executes a process: reads its description, sends the inputs, and brings the results where they are wanted. Whether
 * the server answers at once or with a job, the outcome is the same unless `--async` asks for the job alone.
 */
export async function runProcess(
  client: OgcClient,
  processId: string,
  given: readonly string[],
  options: RunOptions,
): Promise<void> {
  const { body, delivery } = await prepareRun(await client.process(processId), given, options);
  const interruption = new Interruption(options.timeout);
  try {
    const preferAsync = Boolean(options.async || options.watch);
    interruption.leaveRunning(adviceWithoutJob(processId));
    const results = new ResultsDelivery(client, delivery);
    const answer = await toldByJob(client, client.execute(processId, body, preferAsync, interruption.signal));
    if (answer.kind === 'results') {
      if (options.async) note('The server answered at once; there is no job to wait for.');
      return await results.deliver(answer.answer);
    }
    const { jobId, info } = answer;
    if (options.async && !options.watch) return reportJob(client, jobId, info, options);
    if (!options.json) note(`Job ${jobId} ${info.status}`);
    await watchToEnd(client, jobId, {
      interruption,
      dismissOnInterrupt: options.dismissOnInterrupt,
      quiet: !options.watch,
      json: options.json,
      finish: async () => results.deliver(await client.results(jobId)),
    });
  } finally {
    interruption.end();
  }
}

/** A synchronous execution that failed and left a job is told like any job that failed. */
async function toldByJob<T>(client: OgcClient, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ServerProblem) || error.jobId === undefined) throw error;
    const job = await client.job(error.jobId).catch(() => undefined);
    throw (job && endOfJob(error.jobId, job, error.problem)) ?? error;
  }
}

/**
 * What is to be sent for an execution, and what becomes of the answer.
 * @throws UsageError for inputs, outputs or a destination that do not fit
 */
export async function prepareRun(
  process: ProcessDocument,
  given: readonly string[],
  options: Pick<RunOptions, 'out' | 'output' | 'json'>,
  files: FileTransport = 'content',
): Promise<{ body: ExecuteBody; delivery: Delivery }> {
  const outputs = selectOutputs(options.out, process);
  const delivery = await planDelivery(process, outputs, options);
  const inputs = await readInputs(given, process.inputs, files);
  const response = delivery.form === 'bare' ? 'raw' : 'document';
  return { body: new ExecuteBody(inputs, { outputs, response }), delivery };
}

/** How to go on when the waiting ends before the server has said which job it is, as a synchronous answer never does. */
function adviceWithoutJob(processId: string): string {
  return [
    'The server goes on with the execution when it has begun, and most servers keep a job for it.',
    `Find it with "sluice jobs --process ${processId} --limit 5", then end it with "sluice dismiss <job>".`,
  ].join(' ');
}

/** @throws UsageError for an output the process does not have */
function selectOutputs(given: readonly string[] | undefined, process: ProcessDocument): RequestedOutput[] | undefined {
  const described = Object.keys(process.outputs ?? {});
  return given?.map((text) => {
    const [, id, mediaType] = /^(.*?)(?:=(.+))?$/s.exec(text) as unknown as [string, string, string?];
    if (described.length > 0 && !described.includes(id)) {
      throw new UsageError(`The process has no output "${id}". It has ${described.join(', ')}.`);
    }
    return { id, ...(mediaType !== undefined && { mediaType }) };
  });
}

/** One output is asked for raw, so that it can be streamed; several, or `--json`, as a document. */
async function planDelivery(
  process: ProcessDocument,
  outputs: readonly RequestedOutput[] | undefined,
  { output, json }: Pick<RunOptions, 'output' | 'json'>,
): Promise<Delivery> {
  const ids = outputs?.map(({ id }) => id) ?? Object.keys(process.outputs ?? {});
  const destination = output === undefined ? undefined : await destinationOf(output, ids.length);
  const form = ids.length === 1 && (destination !== undefined || !json) ? 'bare' : 'document';
  return { form, outputId: ids.length === 1 ? ids[0] : undefined, destination, json };
}

function reportJob(client: OgcClient, jobId: string, info: StatusInfo, { json }: RunOptions): void {
  if (json) return printJson(info);
  print(jobId);
  note(`Job ${info.status}: ${client.jobUrl(jobId)}`);
}
