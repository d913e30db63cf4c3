import { UsageError } from '../cli-error.js';
import type { OgcClient } from '../client/ogc-client.js';
import { ServerProblem } from '../client/server-problem.js';
import { destinationOf } from './destination.js';
import { type Delivery, ResultsDelivery } from './results-delivery.js';

export interface ResultsWish {
  /** Outputs to fetch; absent: all. */
  readonly outputs?: readonly string[];
  /** Path of a file or a directory; absent: standard output. */
  readonly output?: string;
  readonly json?: boolean;
}

/**
 * Fetches the results of a finished job. Chosen outputs, and those that go into a directory, are fetched one by one
 * where the server can (2.0 draft), which streams each; else they are taken out of the results as a whole (1.0).
 * @throws ServerProblem when there are none; UsageError when they do not fit the destination
 */
export async function fetchResults(client: OgcClient, jobId: string, wish: ResultsWish): Promise<void> {
  const job = await client.job(jobId);
  const ids = wish.outputs ?? (await outputsOf(client, job.processID));
  const destination = wish.output === undefined ? undefined : await destinationOf(wish.output, ids.length);
  const outputId = ids.length === 1 ? ids[0] : undefined;
  const delivery: Delivery = {
    form: outputId === undefined ? 'document' : 'bare',
    outputId,
    destination,
    json: wish.json,
  };
  if (wish.outputs === undefined && destination?.kind !== 'directory') {
    const isDocument = wish.json === true && outputId === undefined;
    return new ResultsDelivery(client, delivery).deliver(
      await client.results(jobId, isDocument ? 'application/json' : '*/*'),
    );
  }
  if (destination === undefined && ids.length > 1) {
    throw new UsageError('Several outputs need a directory.', 'Name one with --output, or choose a single --out.');
  }
  await fetchEach(client, jobId, ids, delivery, wish.outputs !== undefined);
}

async function fetchEach(
  client: OgcClient,
  jobId: string,
  ids: readonly string[],
  delivery: Delivery,
  isExplicit: boolean,
): Promise<void> {
  const each = new ResultsDelivery(client, { ...delivery, form: 'bare' });
  if (delivery.destination === undefined) {
    const answer = await unlessMissing(client.output(jobId, ids[0]));
    if (!(answer instanceof ServerProblem)) return each.deliver(answer);
    return fromWhole(client, jobId, delivery, ids, answer);
  }
  let problem: ServerProblem | undefined;
  for (const id of ids) {
    const answer = await unlessMissing(client.output(jobId, id));
    if (answer instanceof ServerProblem) problem = answer;
    else await each.save(id, answer);
    // An output that was not asked for by name may be one that this job did not produce.
    if (problem && (isExplicit || !each.hasSaved)) break;
  }
  if (problem && !each.hasSaved) return fromWhole(client, jobId, delivery, isExplicit ? ids : undefined, problem);
  each.report();
  if (problem && isExplicit) throw problem;
}

/** @throws the problem when the results as a whole do not hold the outputs either */
async function fromWhole(
  client: OgcClient,
  jobId: string,
  delivery: Delivery,
  only: readonly string[] | undefined,
  problem: ServerProblem,
): Promise<void> {
  const whole = await client.results(jobId, 'application/json');
  await new ResultsDelivery(client, { ...delivery, form: 'document', only, missing: problem }).deliver(whole);
}

/** A server of 1.0 has no such resource, this one may say that there is no such output. */
async function unlessMissing<T>(answer: Promise<T>): Promise<T | ServerProblem> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ServerProblem && [400, 404, 405].includes(error.status)) return error;
    throw error;
  }
}

async function outputsOf(client: OgcClient, processId: string | undefined): Promise<string[]> {
  if (processId === undefined) return [];
  try {
    return Object.keys((await client.process(processId)).outputs ?? {});
  } catch (error) {
    // The process may be gone while its results are still there.
    if (error instanceof ServerProblem) return [];
    throw error;
  }
}
