import { CliError, UsageError } from '../cli-error.js';
import type { OgcClient } from '../client/ogc-client.js';
import { ServerProblem } from '../client/server-problem.js';
import { ExitCode } from '../exit-code.js';
import { destinationOf } from './destination.js';
import { type Delivery, ResultsDelivery } from './results-delivery.js';
import { readWholeResults, type WholeResults } from './whole-results.js';

/** Which results of a job are wanted, and where. */
export interface ResultsWish {
  /** Outputs to fetch; absent: all. */
  readonly outputs?: readonly string[];
  /** Path of a file or a directory; absent: standard output. */
  readonly output?: string;
  readonly json?: boolean;
}

/**
 * Fetches the results of a finished job. Chosen outputs, and those that are saved, are fetched one by one where the
 * server can (2.0 draft), which streams each; else they are taken out of the results as a whole (1.0). All of them
 * together are asked for as a document.
 * @throws ServerProblem when there are none; UsageError when they do not fit the destination
 */
export async function fetchResults(client: OgcClient, jobId: string, wish: ResultsWish): Promise<void> {
  const job = await client.job(jobId);
  const described = await outputsOf(client, job.processID);
  const ids = wish.outputs ?? described;
  const destination = wish.output === undefined ? undefined : await destinationOf(wish.output, ids.length);
  const outputId = ids.length === 1 ? ids[0] : undefined;
  const delivery: Delivery = { form: 'bare', outputId, destination, json: wish.json };
  const fetching = new ResultsFetching(client, jobId, described, delivery);
  if (wish.outputs !== undefined) {
    if (destination === undefined && ids.length > 1) {
      throw new UsageError('Several outputs need a directory.', 'Name one with --output, or choose a single --out.');
    }
    return await fetching.chosen(wish.outputs);
  }
  if (destination !== undefined && ids.length > 0) return await fetching.saved(ids);
  if (wish.json || ids.length > 1) return await fetching.all();
  await new ResultsDelivery(client, delivery).deliver(await client.results(jobId));
}

class ResultsFetching {
  private readonly delivery: ResultsDelivery;

  constructor(
    private readonly client: OgcClient,
    private readonly jobId: string,
    private readonly described: readonly string[],
    private readonly how: Delivery,
  ) {
    this.delivery = new ResultsDelivery(client, how);
  }

  /** Outputs that were asked for by name: one that is missing is an error. */
  async chosen(ids: readonly string[]): Promise<void> {
    if (this.how.destination !== undefined) return await this.save(ids, true);
    const answer = await unlessMissing(this.client.output(this.jobId, ids[0]));
    if (!(answer instanceof ServerProblem)) return await this.delivery.deliver(answer);
    await this.fromWhole(ids, answer);
  }

  /** All outputs, into files: one may be missing that this job did not produce. */
  saved(ids: readonly string[]): Promise<void> {
    return this.save(ids, false);
  }

  /** All outputs, shown together. */
  async all(): Promise<void> {
    const whole = await this.whole();
    if (whole.members !== undefined) return await this.delivery.deliverMembers(whole.members);
    if (this.how.outputId === undefined && this.how.json) throw noDocument(whole.mediaType);
    await this.delivery.deliverContent(whole.content, whole.mediaType);
  }

  private async save(ids: readonly string[], isExplicit: boolean): Promise<void> {
    let problem: ServerProblem | undefined;
    for (const id of ids) {
      const answer = await unlessMissing(this.client.output(this.jobId, id));
      if (answer instanceof ServerProblem) problem = answer;
      else await this.delivery.save(id, answer);
      if (problem && (isExplicit || !this.delivery.hasSaved)) break;
    }
    if (problem && !this.delivery.hasSaved) return await this.fromWhole(isExplicit ? ids : undefined, problem);
    this.delivery.report();
    if (problem && isExplicit) throw problem;
  }

  /**
   * Takes outputs out of the results as a whole.
   * @param only absent: all of them
   * @throws the problem when these do not hold them either
   */
  private async fromWhole(only: readonly string[] | undefined, problem: ServerProblem): Promise<void> {
    const whole = await this.whole(only);
    if (whole.members === undefined) {
      // The bare answer of a job is its only output.
      const isIt = this.described.length === 1 && (only === undefined || only[0] === this.described[0]);
      if (!isIt || this.how.outputId === undefined) throw problem;
      return await this.delivery.deliverContent(whole.content, whole.mediaType);
    }
    const wanted = Object.entries(whole.members).filter(([id]) => only?.includes(id) ?? true);
    if (wanted.length === 0 || wanted.length < (only?.length ?? 0)) throw problem;
    await this.delivery.deliverMembers(Object.fromEntries(wanted));
  }

  private async whole(wanted?: readonly string[]): Promise<WholeResults> {
    return await readWholeResults(await this.client.resultsDocument(this.jobId), this.described, wanted);
  }
}

function noDocument(mediaType: string): CliError {
  const advice = 'Write the answer as it is with --output FILE, or choose one output with --out.';
  return new CliError(`The results are ${mediaType || 'of no media type'}, no document.`, ExitCode.problem, advice);
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
