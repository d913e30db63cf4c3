import { Agent, request } from 'undici';
import { median } from './measurement.js';

export interface Load {
  readonly url: string;
  /** A POST with this JSON; a GET when absent. */
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

/** Rate and latency of one closed-loop run. */
export interface LoadResult {
  /** per second */
  readonly rate: number;
  /** milliseconds, one per request */
  readonly latencies: number[];
}

/**
 * Sends requests in a closed loop: `connections` requests are always under way, for `seconds`. Every answer must be 200 or 201.
 * Warms up for half a second first.
 */
export async function load(target: Load, connections: number, seconds: number): Promise<LoadResult> {
  await run(target, connections, 0.5);
  return await run(target, connections, seconds);
}

/** What one target did in all rounds. */
export interface Compared {
  /** per second: the median round */
  readonly rate: number;
  /** milliseconds */
  readonly p50: number;
  /**
   * Rate in units of the first target's: the median of the rounds' own ratios, because what else the machine does weighs
   * on both runs of a round.
   */
  readonly ratio: number;
}

/** Runs targets in turns of equal length, so that a change of the machine's mood meets all of them. */
export async function compare(
  targets: readonly Load[],
  connections: number,
  seconds: number,
  rounds = 3,
): Promise<Compared[]> {
  const results = targets.map((): LoadResult[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, target] of targets.entries()) results[index].push(await load(target, connections, seconds));
  }
  const [first] = results;
  return results.map((runs) => ({
    rate: median(runs.map(({ rate }) => rate)),
    p50: median(runs.map(({ latencies }) => median(latencies))),
    ratio: median(runs.map(({ rate }, round) => rate / first[round].rate)),
  }));
}

async function run({ url, body, headers }: Load, connections: number, seconds: number): Promise<LoadResult> {
  const agent = new Agent({ connections, pipelining: 1 });
  const latencies: number[] = [];
  const begin = performance.now();
  const end = begin + seconds * 1_000;
  const client = async () => {
    while (performance.now() < end) {
      const sent = performance.now();
      const response = await request(url, {
        method: body === undefined ? 'GET' : 'POST',
        body,
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        dispatcher: agent,
      });
      const text = await response.body.text();
      if (response.statusCode > 201) throw new Error(`${url} answered ${response.statusCode}: ${text}`);
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  const elapsed = (performance.now() - begin) / 1_000;
  await agent.close();
  return { rate: latencies.length / elapsed, latencies };
}
