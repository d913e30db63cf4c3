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

/** Runs targets in turns, so that a change of the machine's mood meets all of them, and takes the median run of each. */
export async function compare(targets: readonly Load[], connections: number, seconds: number, rounds = 3) {
  const results = targets.map((): LoadResult[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, target] of targets.entries()) results[index].push(await load(target, connections, seconds));
  }
  return results.map((runs) => ({
    rate: median(runs.map(({ rate }) => rate)),
    p50: median(runs.map(({ latencies }) => median(latencies))),
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
