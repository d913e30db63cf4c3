import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Seed } from '../harness/seed.js';
import type { SoakSite } from './soak-site.js';

const PROCESSES = ['soak-inline', 'soak-child', 'soak-distributed', 'soak-limited', 'soak-cached', 'soak-cached'];

/** So many jobs are asked for before the executions of `soak-cached` are others than before. */
const GROUP_SIZE = 50;

/** Keeps a number of jobs going. Each is asked for under a key of its own until the API has accepted it. */
export class Load {
  /** Ids of jobs that were accepted. */
  readonly accepted: string[] = [];
  /** What no client should have met. */
  readonly failures: Error[] = [];
  private isStopped = false;
  private readonly clients: Promise<void>[];

  constructor(
    private readonly site: SoakSite,
    private readonly seed: Seed,
    clients: number,
  ) {
    this.clients = Array.from({ length: clients }, () =>
      this.run().catch((error: Error) => void this.failures.push(error)),
    );
  }

  /** Asks for no further job. Resolves when those that were asked for are accepted and finished, or `patience` is over. */
  async stop(patience: number): Promise<void> {
    this.isStopped = true;
    const over = new AbortController();
    const limit = delay(patience, undefined, { signal: over.signal }).catch(() => undefined);
    await Promise.race([Promise.all(this.clients), limit]);
    over.abort();
  }

  private async run(): Promise<void> {
    while (!this.isStopped) {
      const job = await this.submit(this.seed.pick(PROCESSES));
      this.accepted.push(job);
      await this.ended(job);
    }
  }

  private async submit(process: string): Promise<string> {
    const headers = {
      'content-type': 'application/json',
      prefer: 'respond-async',
      'idempotency-key': randomUUID(),
    };
    const group = process === 'soak-cached' && { group: Math.floor(this.accepted.length / GROUP_SIZE) };
    const body = JSON.stringify({ inputs: { journal: this.site.journal, ...group } });
    for (;;) {
      const url = this.site.api.url(`/processes/${process}/execution`);
      const response = await fetch(url, { method: 'POST', headers, body }).catch(() => undefined);
      if (response?.status === 201) return ((await response.json()) as { jobID: string }).jobID;
      if (response !== undefined && response.status !== 503) {
        throw new Error(`POST ${url}: ${response.status} ${await response.text()}`);
      }
      await delay(200);
    }
  }

  private async ended(job: string): Promise<void> {
    for (;;) {
      const response = await fetch(this.site.api.url(`/jobs/${job}`)).catch(() => undefined);
      const status = response?.ok ? ((await response.json()) as { status: string }).status : undefined;
      if (status !== undefined && status !== 'accepted' && status !== 'running') return;
      await delay(250);
    }
  }
}
