import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { sluice } from '../harness/command-line.js';
import type { Client, JobStatus } from '../harness/client.js';
import { OwnService } from '../harness/own-service.js';
import { expectProblem, OGC_PROBLEM, OWN_PROBLEM } from '../harness/problem.js';

jest.setTimeout(120_000);

const GRAPH = 'https://sluice.dev/rel/graph';

interface Graph {
  readonly jobID?: string;
  readonly processID: string;
  readonly nodes: readonly { key: string; state?: { type: string; name: string } }[];
  readonly edges: readonly { from: string; to: string }[];
  readonly complete: boolean;
  readonly reason?: string;
  readonly links: readonly { rel: string; href: string; type?: string }[];
}

const MOSAIC = {
  nodes: [
    { key: 'search', name: 'search', kind: 'task' },
    { key: 'map[*]/fetch', name: 'fetch', kind: 'task', mapped: true },
    { key: 'merge', name: 'merge', kind: 'task' },
  ],
  edges: [
    { from: 'search', to: 'map[*]/fetch' },
    { from: 'map[*]/fetch', to: 'merge' },
  ],
  complete: true,
};

describe('Task graphs', () => {
  const own = new OwnService('e2e-graphs', { PROCESS_MODULES: resolve('test/fixtures/graph-processes.mjs') });
  let client: Client;

  beforeAll(async () => {
    client = await own.start();
  }, 60_000);
  afterAll(() => own.stop(), 60_000);

  const graphOf = (process: string) => client.getJson<Graph>(`/processes/${process}/graph`);
  const run = async (inputs: Record<string, unknown>) => {
    const id = await client.submit('mosaic', inputs);
    await client.ended(id);
    return await client.getJson<Graph>(`/jobs/${id}/graph`);
  };

  it('of a process: its steps before it runs, linked from its description', async () => {
    const graph = await graphOf('mosaic');
    expect(graph).toMatchObject({ processID: 'mosaic', version: '1.0.0', ...MOSAIC });
    const { links } = await client.getJson<Graph>('/processes/mosaic');
    expect(links.find(({ rel }) => rel === GRAPH)?.href).toBe(`${client.base}/processes/mosaic/graph`);
    expect(graph.links.map(({ rel, type }) => [rel, type])).toEqual([
      ['self', 'application/json'],
      ['alternate', 'image/svg+xml'],
      ['alternate', 'text/vnd.mermaid'],
      ['alternate', 'text/vnd.graphviz'],
      ['up', 'application/json'],
    ]);
  });

  it('of a job: the same steps with what became of them, those of a map as counts', async () => {
    const graph = await run({ scenes: 5 });
    const done = { state: { type: 'COMPLETED', name: 'Completed' }, attempt: 1 };
    const times = { started: expect.any(String), finished: expect.any(String) };
    expect(graph).toMatchObject({
      jobID: expect.any(String),
      processID: 'mosaic',
      complete: true,
      edges: MOSAIC.edges,
      nodes: [
        { ...MOSAIC.nodes[0], ...done, ...times },
        { ...MOSAIC.nodes[1], ...done, ...times, counts: { COMPLETED: 5 } },
        { ...MOSAIC.nodes[2], ...done, ...times },
      ],
    });
    const { links } = await client.getJson<Graph & JobStatus>(`/jobs/${graph.jobID}`);
    expect(links.some(({ rel, href }) => rel === GRAPH && href.endsWith(`/jobs/${graph.jobID}/graph`))).toBe(true);
  });

  it('of a job that failed: the failure is seen on the step, and what did not begin has no state', async () => {
    const { nodes } = await run({ scenes: 4, lacking: 3 });
    expect(nodes).toMatchObject([
      { key: 'search', state: { type: 'COMPLETED' } },
      { key: 'map[*]/fetch', state: { type: 'FAILED' }, counts: { COMPLETED: 3, FAILED: 1 } },
      { key: 'merge' },
    ]);
    expect(nodes[2].state).toBeUndefined();
  });

  it.each([
    ['svg', 'image/svg+xml', /^<svg .*<title id="title">A &#60;mosaic&#62; &#38; &#34;more&#34;<\/title>/s],
    ['dot', 'text/vnd.graphviz', /^digraph \{\n {2}graph \[label="A <mosaic> & \\"more\\""/],
    ['mermaid', 'text/vnd.mermaid', /^---\ntitle: "A <mosaic> & \\"more\\""\n---\nflowchart TD\n/],
  ])('as %s, by the query and by the Accept header', async (format, type, content) => {
    const byQuery = await client.get(`/processes/mosaic/graph?f=${format}`);
    expect(byQuery.headers.get('content-type')).toContain(type);
    const text = await byQuery.text();
    expect(text).toMatch(content);
    const byHeader = await client.get('/processes/mosaic/graph', { accept: `${type}, */*;q=0.1` });
    expect(byHeader.headers.get('vary')).toMatch(/accept/i);
    expect(await byHeader.text()).toBe(text);
  });

  it('in no other format, and of nothing that is not there', async () => {
    await expectProblem(
      await client.get('/processes/mosaic/graph?f=png'),
      400,
      `${OGC_PROBLEM}/invalid-query-parameter-value`,
    );
    const accept = { accept: 'image/png' };
    await expectProblem(await client.get('/processes/mosaic/graph', accept), 406, `${OWN_PROBLEM}/not-acceptable`);
    await expectProblem(await client.get('/processes/none/graph'), 404, `${OGC_PROBLEM}/no-such-process`);
    await expectProblem(await client.get('/jobs/none/graph'), 404, `${OGC_PROBLEM}/no-such-job`);
  });

  it('of a process without steps is empty, and nothing runs for it', async () => {
    expect(await graphOf('plain')).toMatchObject({ nodes: [], edges: [], complete: true });
  });

  it('of code that never yields comes in bounded time, while the service goes on answering', async () => {
    let hasEnded = false;
    const graph = graphOf('spinning').finally(() => (hasEnded = true));
    await client.getJson('/');
    expect(hasEnded).toBe(false);
    expect(await graph).toMatchObject({ complete: false, reason: 'the flow took longer than 5000 ms' });
  });

  it('of code that ends its executor or forges messages says so', async () => {
    expect(await graphOf('fatal')).toMatchObject({
      complete: false,
      reason: expect.stringMatching(/executor died: .*3/),
    });
    const { complete, reason } = await graphOf('forger');
    expect([complete, reason]).toEqual([false, expect.stringContaining('malformed message "traced"')]);
  });

  it('leaves no executor behind that saw placeholders', async () => {
    expect(await graphOf('tainted')).toMatchObject({ nodes: [] });
    for (let run = 0; run < 3; run += 1) {
      const response = await client.execute('tainted', { inputs: { value: 1 }, response: 'document' });
      expect(await response.json()).toEqual({ done: 0 });
    }
  });

  it('is printed or saved by `sluice graph`, for a process as for a job', async () => {
    const { jobID } = await run({ scenes: 2 });
    const url = ['--url', client.base];
    const printed = await sluice(['graph', 'mosaic', ...url]);
    expect(printed).toMatchObject({ code: 0, stdout: expect.stringContaining('flowchart TD\n  n0["search') });
    const json = await sluice(['graph', jobID!, '--json', ...url]);
    expect(JSON.parse(json.stdout)).toMatchObject({ jobID, processID: 'mosaic' });
    const picture = own.path('mosaic.svg');
    expect(await sluice(['graph', jobID!, '--output', picture, ...url])).toMatchObject({ code: 0, stdout: '' });
    expect(await readFile(picture, 'utf8')).toContain('class="node completed"');
    expect(await sluice(['graph', 'none', ...url])).toMatchObject({ code: 2 });
  });
});
