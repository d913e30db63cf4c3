import { describe, expect, it, jest } from '@jest/globals';
import { eventually, testedBackends } from '../harness/backends.js';
import { type ReceivedCall, Receiver } from '../harness/receiver.js';
import { clientOf } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(180_000);

const SETTINGS = { ALLOW_PRIVATE_REFERENCES: 'true', CALLBACK_TIMEOUT: '1s' };
const EVENTS = ['accepted', 'started', 'progress', 'successful', 'failed'];

const sites = useSites();

interface Told {
  readonly id: string;
  readonly type: string;
  readonly job: { readonly jobID: string };
}

const told = ({ body }: ReceivedCall) => JSON.parse(body.toString()) as Told;
const seqOf = ({ id }: Told) => Number(id.split('/')[1]);

describe.each(testedBackends())('subscribers that are down, queue on %s', (backend) => {
  it('37 webhook subscriber down: 500s, the service killed, then ok: every event told, same ids, order per job', async () => {
    const site = await sites.open(backend, SETTINGS);
    const receiver = await Receiver.start();
    try {
      let isDown = true;
      const taken: Told[] = [];
      receiver.answer('/hook', () => {
        if (isDown) return 500;
        taken.push(told(receiver.to('/hook').at(-1)!));
        return 200;
      });
      const first = await site.api();
      const client = clientOf(first);
      const response = await client.fetch('/subscriptions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ url: receiver.url('/hook'), events: EVENTS }),
      });
      expect(response.status).toBe(201);

      const jobs = await Promise.all(
        Array.from({ length: 4 }, (_, index) =>
          client.submit('chatty', { lines: 1, ...(index % 2 === 1 && { fail: 'on purpose' }) }),
        ),
      );
      for (const job of jobs) await client.ended(job);
      const gone = await client.submit('chatty', { lines: 1 });
      await client.ended(gone);
      const histories = new Map<string, string[]>();
      for (const job of [...jobs, gone]) {
        const events = (await site.history(job)).filter(({ type }) => EVENTS.includes(type));
        histories.set(
          job,
          events.map(({ seq }) => `${job}/${seq}`),
        );
      }
      await client.dismiss(gone);
      // Every job has been told of at least twice, in vain.
      await receiver.until('/hook', 10);
      first.kill('SIGKILL');
      await first.exited();

      isDown = false;
      await site.api();
      const expected = [...histories.values()].flat();
      const all = () => Promise.resolve(expected.every((id) => taken.some((one) => one.id === id)) || undefined);
      await eventually(all, 'every event has been told', 120_000);

      // Nothing but the events, each under the id that it has in the history of its job, in every attempt.
      expect([...new Set(receiver.to('/hook').map((call) => told(call).id))].sort()).toEqual([...expected].sort());
      for (const job of histories.keys()) {
        const seqs = receiver
          .to('/hook')
          .map(told)
          .filter((one) => one.job.jobID === job)
          .map(seqOf);
        // An attempt is never followed by one of an earlier event: what is in vain holds up what follows.
        expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
        expect(taken.filter((one) => one.job.jobID === job).map(({ id }) => id)).toEqual(histories.get(job));
      }
    } finally {
      await receiver.down();
    }
  });
});
