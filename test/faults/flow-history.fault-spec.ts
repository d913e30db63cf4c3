import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type { JobStatus } from '../harness/client.js';
import { flowInputs, openFlowSite } from '../harness/flow-site.js';
import { Seed } from '../harness/seed.js';
import type { Service } from '../harness/service.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';
import { contradictions, type Operation, StatusHistory } from '../harness/status-history.js';

jest.setTimeout(300_000);

const sites = useSites();
const seed = Seed.ofSuite();
let site: Site;

interface Order {
  readonly what: 'post' | 'get' | 'delete';
  /** which process, or which of the jobs known so far */
  readonly which: number;
}

const PROCESSES: readonly [string, Record<string, unknown>][] = [
  ['five-steps', {}],
  ['dozing', { ms: 100 }],
  ['wide', { count: 4 }],
  ['noop-child', {}],
];

/** Posts and gets are frequent, so that there is something to see. */
const orders = fc.array(
  fc.record<Order>({
    what: fc.oneof(
      { weight: 4, arbitrary: fc.constant('get' as const) },
      { weight: 2, arbitrary: fc.constant('post' as const) },
      { weight: 1, arbitrary: fc.constant('delete' as const) },
    ),
    which: fc.nat(1_000),
  }),
  { minLength: 25, maxLength: 35 },
);
const scenario = fc.record({
  clients: fc.array(orders, { minLength: 5, maxLength: 5 }),
  kills: fc.array(fc.record({ after: fc.integer({ min: 300, max: 1_500 }), which: fc.nat(3) }), {
    minLength: 3,
    maxLength: 5,
  }),
});

/** Two APIs and two workers, any of which may be replaced at any time. */
class Cluster {
  private constructor(private readonly nodes: Service[]) {}

  static async start(): Promise<Cluster> {
    const api = () => site.api({ ROLE: 'api' });
    return new Cluster(await Promise.all([api(), api(), site.worker(), site.worker()]));
  }

  api(which: number): Service {
    return this.nodes[which % 2];
  }

  async kill(which: number): Promise<void> {
    this.nodes[which].kill('SIGKILL');
    await this.nodes[which].exited();
    this.nodes[which] = which < 2 ? await site.api({ ROLE: 'api' }) : await site.worker();
  }
}

/** Whether a request found nobody, or lost its answer; `fetch` comes from outside the realm of the tests, so names decide. */
const isCutOff = (error: unknown) => /^(fetch failed|terminated)$/.test((error as Error).message);

/** One client, which carries out its orders one after the other. */
class Caller {
  constructor(
    private readonly cluster: Cluster,
    private readonly history: StatusHistory,
    private readonly jobs: string[],
    private readonly number: number,
  ) {}

  async carryOut(all: readonly Order[]): Promise<void> {
    for (const { what, which } of all) {
      if (what === 'post') await this.post(which);
      else if (this.jobs.length > 0) await this[what](this.jobs[which % this.jobs.length]);
    }
  }

  /** Under one key until it is answered. */
  async post(which: number): Promise<void> {
    const [process, more] = PROCESSES[which % PROCESSES.length];
    const headers = { prefer: 'respond-async', 'idempotency-key': randomUUID() };
    const inputs = process === 'noop-child' ? {} : flowInputs(site, [], more);
    const { job } = await this.history.record('post', async () => {
      for (let attempt = this.number; ; attempt += 1) {
        const answer = await this.ask(attempt, (client) => client.execute(process, { inputs }, headers));
        if (answer?.status === 201) return { job: answer.body.jobID!, outcome: 'accepted' };
        await delay(50);
      }
    });
    this.jobs.push(job);
  }

  get(job: string): Promise<Operation> {
    return this.history.record('get', async () => {
      const answer = await this.ask(this.number, (client) => client.get(`/jobs/${job}`));
      if (answer?.status === 404) return { job, outcome: 'gone' };
      return { job, outcome: answer?.body.status ?? 'unknown' };
    });
  }

  delete(job: string): Promise<Operation> {
    return this.history.record('delete', async () => {
      const answer = await this.ask(this.number, (client) => client.dismiss(job));
      if (answer?.status === 404) return { job, outcome: 'gone' };
      if (answer?.status !== 200) return { job, outcome: 'unknown' };
      return { job, outcome: /removed/.test(answer.body.message ?? '') ? 'removed' : 'dismissed' };
    });
  }

  /** @returns nothing when the node is gone, or says that it cannot tell now */
  private async ask(which: number, call: (client: ReturnType<typeof clientOf>) => Promise<Response>) {
    try {
      const response = await call(clientOf(this.cluster.api(which)));
      if (response.status === 503) return undefined;
      return { status: response.status, body: (await response.json()) as Partial<JobStatus> };
    } catch (error) {
      if (isCutOff(error)) return undefined;
      throw error;
    }
  }
}

describe('40 linearizable status', () => {
  it('what clients see of jobs under kills can be put into one order, and no accepted job is lost', async () => {
    site = await openFlowSite(sites, { MAX_RECOVERIES: '100' });
    const cluster = await Cluster.start();
    const property = fc.asyncProperty(scenario, async ({ clients, kills }) => {
      const history = new StatusHistory();
      const jobs: string[] = [];
      const callers = clients.map((_, number) => new Caller(cluster, history, jobs, number));
      const nemesis = async () => {
        for (const { after, which } of kills) {
          await delay(after);
          await cluster.kill(which);
        }
      };
      await Promise.all([nemesis(), ...callers.map((caller, number) => caller.carryOut(clients[number]))]);
      for (const job of jobs) {
        const look = async () => (await callers[0].get(job)).outcome;
        for (let seen = await look(); ['accepted', 'running', 'unknown'].includes(seen); seen = await look()) {
          await delay(100);
        }
      }
      expect(contradictions(history.operations)).toEqual([]);
      expect(history.operations.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
      const known = (await site.rows()).map(({ id }) => id);
      const removed = history.operations.filter(({ kind, outcome }) => kind === 'get' && outcome === 'gone');
      const kept = jobs.filter((job) => !removed.some((operation) => operation.job === job));
      expect(known).toEqual(expect.arrayContaining(kept));
      // Nothing is there that no client was told of.
      expect(known.filter((job) => !everKnown.has(job) && !jobs.includes(job))).toEqual([]);
      for (const job of jobs) everKnown.add(job);
    });
    const everKnown = new Set<string>();
    await fc.assert(property, { seed: seed.value, numRuns: 3, endOnFailure: true });
  });

  const operation = (kind: Operation['kind'], called: number, answered: number, outcome: string): Operation => ({
    job: 'a-job',
    kind,
    called,
    answered,
    outcome,
  });
  const post = operation('post', 0, 1, 'accepted');

  it.each<[string, Operation[]]>([
    ['a job that runs after its end', [operation('get', 2, 3, 'successful'), operation('get', 4, 5, 'running')]],
    ['a job that ends in two ways', [operation('delete', 2, 9, 'dismissed'), operation('get', 3, 4, 'successful')]],
    ['a job that is lost', [operation('get', 2, 3, 'gone')]],
    ['a job that comes back', [operation('delete', 2, 3, 'removed'), operation('get', 4, 5, 'successful')]],
    ['a dismissal that nobody asked for', [operation('get', 2, 3, 'dismissed')]],
  ])('the checker finds %s', (_, operations) => {
    expect(contradictions([post, ...operations])).not.toEqual([]);
  });

  it('the checker allows what can be put into an order', () => {
    const operations = [
      post,
      operation('get', 2, 8, 'successful'),
      operation('get', 3, 4, 'running'),
      operation('get', 5, 6, 'accepted'),
      operation('delete', 7, 12, 'removed'),
      operation('get', 9, 10, 'successful'),
      operation('get', 11, 14, 'gone'),
      operation('delete', 15, 16, 'gone'),
    ];
    expect(contradictions(operations)).toEqual([]);
  });
});
