import type { OgcClient } from './client/ogc-client.js';
import type { ProcessDocument, StatusInfo } from './client/ogc-documents.js';
import { UsageError } from './cli-error.js';
import type { ClientOptions } from './client-command.js';
import { ExecuteBody, type RequestedOutput } from './inputs/execute-body.js';
import { readInputs } from './inputs/read-inputs.js';
import { destinationOf } from './output/destination.js';
import { type Delivery, ResultsDelivery } from './output/results-delivery.js';
import { note, print, printJson } from './output/terminal.js';
import { Interruption } from './watch/interruption.js';
import { watchToEnd } from './watch/watch-to-end.js';

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
  const process = await client.process(processId);
  const outputs = selectOutputs(options.out, process);
  const delivery = await planDelivery(process, outputs, options);
  const inputs = await readInputs(given, process.inputs);
  const response = delivery.form === 'bare' ? 'raw' : 'document';
  const body = new ExecuteBody(inputs, { outputs, response });

  const interruption = new Interruption(options.timeout);
  try {
    const preferAsync = Boolean(options.async || options.watch);
    const results = new ResultsDelivery(client, delivery);
    const answer = await client.execute(processId, body, preferAsync, interruption.signal);
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
  { output, json }: RunOptions,
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
