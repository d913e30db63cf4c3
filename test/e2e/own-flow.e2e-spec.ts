import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { Readable } from 'node:stream';
import { eventually } from '../harness/backends.js';
import { Client, type JobStatus } from '../harness/client.js';
import { sluice } from '../harness/command-line.js';
import { Service } from '../harness/service.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(60_000);

const data = temporaryDirectory('own-flow');
const MODULE = 'examples/own-flow/dist/glossary.processes.js';
const TEXTS = ['the sea and the shore', 'a shore, a shore, a reef with reef fish'];

interface Task {
  readonly key: string;
  readonly state: string;
}

describe('a flow published through PROCESS_MODULES (examples/own-flow)', () => {
  let service: Service | undefined;
  let api: Client;

  const start = async () => {
    service = await Service.start({ DATA_DIR: data.path, PROCESS_MODULES: MODULE });
    api = new Client(service.url());
  };

  beforeAll(async () => {
    execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'examples/own-flow']);
    await start();
  }, 180_000);

  afterAll(async () => {
    await service?.stop();
    data.remove();
  }, 60_000);

  const tasks = async (job: string): Promise<Task[]> =>
    (await api.getJson<{ tasks: Task[] }>(`/jobs/${job}/tasks`)).tasks;

  it('is an ordinary process to whoever executes it', async () => {
    const response = await api.execute('glossary', { inputs: { texts: TEXTS, size: 2 } });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(['shore', 'reef']);
  });

  it('waits for its review across a restart of the service, and does nothing twice', async () => {
    const accepted = await api.execute(
      'glossary',
      { inputs: { texts: TEXTS, size: 3, review: true } },
      { prefer: 'respond-async' },
    );
    const { jobID: job } = (await accepted.json()) as JobStatus;
    const waiting = async () => (await tasks(job)).find(({ key }) => key === 'review')?.key;
    await eventually(waiting, 'the flow waits for its review');
    const before = await tasks(job);
    expect(before.map(({ key }) => key).sort()).toEqual([
      'map[0]/count words',
      'map[1]/count words',
      'most frequent',
      'review',
    ]);
    await service!.stop();
    await start();
    const resume = (input: unknown) =>
      api.fetch(`/jobs/${job}/resume`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ input }),
      });
    expect((await resume({ remove: 'shore' })).status).toBe(400);
    expect((await resume({ remove: ['shore'] })).ok).toBe(true);
    expect(await api.ended(job)).toMatchObject({ status: 'successful' });
    expect(await api.getJson(`/jobs/${job}/results`)).toEqual(['reef', 'fish']);
    const events = (await tasks(job)).filter(({ key }) => key !== 'review');
    expect(events).toEqual(before.filter(({ key }) => key !== 'review'));
  });

  it('runs without a server, and asks on the terminal', async () => {
    const inputs = [...TEXTS.map((text) => `texts=${text}`), 'size=3', 'review=true'];
    const { code, stdout, stderr } = await sluice(['flow', 'run', 'glossary', ...inputs, '--local', '-m', MODULE], {
      input: Readable.from(['shore, reef\n']),
    });
    expect([code, stdout]).toEqual([0, '["fish"]']);
    expect(stderr).toContain('review waits for input: Please review shore, reef, fish.');
  });
});
