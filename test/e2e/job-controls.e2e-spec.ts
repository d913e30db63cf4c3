import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { eventually } from '../harness/backends.js';
import type { Client, JobStatus } from '../harness/client.js';
import { OwnService } from '../harness/own-service.js';
import { expectProblem, OGC_PROBLEM, OWN_PROBLEM } from '../harness/problem.js';

jest.setTimeout(60_000);

const REL = 'https://sluice.dev/rel';

interface Status extends JobStatus {
  readonly waitingReason?: string;
  readonly inputRequests?: readonly { task: string; schema: object; message?: string; until: string }[];
  readonly links: readonly { rel: string; href: string }[];
}

interface TaskPage {
  readonly tasks: readonly { key: string; kind: string; state: { type: string; name: string }; attempt: number }[];
  readonly links: readonly { rel: string; href: string }[];
}

describe.each([
  ['as flows run', {}],
  ['re-dispatched after every step (scenario 20)', { ALWAYS_SUSPEND: 'true' }],
])('Control of jobs, %s', (_, settings) => {
  const own = new OwnService('e2e-job-controls', {
    PROCESS_MODULES: resolve('test/fixtures/control-processes.mjs'),
    SYNC_CONCURRENCY: '1',
    ...settings,
  });
  let client: Client;
  let count = 0;

  beforeAll(async () => {
    client = await own.start();
  }, 60_000);
  afterAll(() => own.stop(), 60_000);

  const status = (id: string) => client.getJson<Status>(`/jobs/${id}`);
  const post = (path: string, body?: unknown) =>
    client.fetch(path, {
      method: 'POST',
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  const resultsOf = (id: string) => client.getJson(`/jobs/${id}/results?f=json&profile=document`);
  const tasksOf = async (id: string) => (await client.getJson<TaskPage>(`/jobs/${id}/tasks?limit=100`)).tasks;
  const journal = () => own.path(`journal-${(count += 1)}`);
  const lines = async (path: string) => (await readFile(path, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  const inState = (id: string, name: string) =>
    eventually(async () => {
      const job = await status(id);
      return job.state.name === name ? job : undefined;
    }, `job ${id} is ${name}`);
  const linkTo = ({ links }: Status, rel: string) => links.find((link) => link.rel === `${REL}/${rel}`)?.href;

  it('tasks with the trigger manual_only wait, each until somebody lets it go on', async () => {
    const path = journal();
    const id = await client.submit('gated', { journal: path });
    const asked = (...keys: string[]) =>
      eventually(async () => {
        const { state, inputRequests = [] } = await status(id);
        const tasks = inputRequests.map(({ task }) => task).sort();
        return state.name === 'Suspended' && tasks.join() === keys.join() ? true : undefined;
      }, `job ${id} waits for ${keys.join()}`);
    await asked('announce', 'publish');
    const several = await expectProblem(
      await post(`/jobs/${id}/resume`, { input: {} }),
      400,
      `${OGC_PROBLEM}/InvalidParameterValue`,
    );
    expect(several).toMatchObject({ errors: [{ pointer: '/task' }] });
    expect(await lines(path)).toEqual([]);
    expect((await post(`/jobs/${id}/resume`, { task: 'publish', input: {} })).status).toBe(200);
    await asked('announce');
    expect(await lines(path)).toEqual(['publish']);
    expect((await post(`/jobs/${id}/resume`, { input: {} })).status).toBe(200);
    expect(await client.ended(id)).toMatchObject({ status: 'successful' });
    expect(await lines(path)).toEqual(['publish', 'announce']);
    expect(await resultsOf(id)).toBe(40);
  });

  it('a question frees the worker, is in the status, and its answer resumes the job', async () => {
    const path = journal();
    const id = await client.submit('asking', { journal: path });
    const waiting = await inState(id, 'Suspended');
    expect(waiting).toMatchObject({ status: 'running', waitingReason: 'waits for an answer to "how-many"' });
    expect(waiting.inputRequests).toMatchObject([{ task: 'how-many', message: 'How many more?' }]);

    const bad = await post(`/jobs/${id}/resume`, { input: { n: 'x' } });
    expect(await expectProblem(bad, 400, `${OGC_PROBLEM}/InvalidParameterValue`)).toMatchObject({
      errors: [{ pointer: '/input/n' }],
    });
    for (let n = 0; n < 2; n += 1) expect((await post(`/jobs/${id}/resume`, { input: { n: 2 } })).status).toBe(200);

    expect(await client.ended(id)).toMatchObject({ status: 'successful' });
    expect(await lines(path)).toEqual(['first', 'last']);
    await expectProblem(await post(`/jobs/${id}/resume`, { input: { n: 3 } }), 409, `${OWN_PROBLEM}/job-has-ended`);
    expect((await tasksOf(id)).map(({ key, state }) => [key, state.name])).toEqual([
      ['first', 'Completed'],
      ['how-many', 'Completed'],
      ['last', 'Completed'],
    ]);
  });

  it('a synchronous execution that waits for an answer keeps no other from running, and gets its results in the end', async () => {
    const waiting = client.execute('asking', { inputs: { journal: journal() }, response: 'document' });
    const id = await eventually(async () => {
      const { jobs } = await client.getJson<{ jobs: Status[] }>('/jobs?processID=asking&status=running&limit=1');
      return jobs[0] && (await status(jobs[0].jobID)).state.name === 'Suspended' ? jobs[0].jobID : undefined;
    }, 'its job waits');
    const other = await client.execute('striding', { inputs: { journal: journal(), steps: 1, ms: 1 } });
    expect(other.status).toBe(200);
    expect((await post(`/jobs/${id}/resume`, { input: { n: 2 } })).status).toBe(200);
    expect((await waiting).status).toBe(200);
    expect(await client.ended(id)).toMatchObject({ status: 'successful' });
  });

  it('a pause lets the running step end, and the job go on where it was', async () => {
    const path = journal();
    const id = await client.submit('striding', { journal: path, steps: 5, ms: 200 });
    await eventually(async () => (await lines(path)).length >= 2 || undefined, 'two steps have begun');
    expect((await post(`/jobs/${id}/pause`)).status).toBe(200);
    expect(await inState(id, 'Paused')).toMatchObject({ status: 'running', waitingReason: 'is paused' });
    expect((await lines(path)).length).toBeLessThan(5);
    expect((await post(`/jobs/${id}/resume`, {})).status).toBe(200);
    expect(await client.ended(id)).toMatchObject({ status: 'successful' });
    expect(await lines(path)).toEqual(['1', '2', '3', '4', '5']);
  });

  it('a repetition is a new job that does anew only what failed', async () => {
    const path = journal();
    const id = await client.submit('failing', { journal: path, fails: true });
    expect(await client.ended(id)).toMatchObject({ status: 'failed' });
    const repeated = await post(`/jobs/${id}/retry`);
    expect(repeated.status).toBe(201);
    const next = (await repeated.json()) as Status;
    expect(repeated.headers.get('location')).toMatch(new RegExp(`/jobs/${next.jobID}$`));
    expect(linkTo(next, 'retry-of')).toMatch(new RegExp(`/jobs/${id}$`));
    await client.ended(next.jobID);
    expect(await lines(path)).toEqual(['one', 'two', 'two']);
    const scratch = (await (await post(`/jobs/${id}/retry?from=start`)).json()) as Status;
    await client.ended(scratch.jobID);
    expect(await lines(path)).toEqual(['one', 'two', 'two', 'one', 'two']);
    expect(await status(id)).toMatchObject({ status: 'failed' });
    // From a task: that one and what began after it, whichever way it is asked for.
    for (const [query, body, again] of [
      ['?from=task&task=one', undefined, ['one', 'two']],
      ['?from=task&task=two', undefined, ['two']],
      ['?task=two', undefined, ['two']],
      ['?from=two', undefined, ['two']],
      ['', { from: 'task', task: 'one' }, ['one', 'two']],
    ] as const) {
      const before = await lines(path);
      const answer = await post(`/jobs/${scratch.jobID}/retry${query}`, body);
      expect(answer.status).toBe(201);
      const from = (await answer.json()) as Status;
      expect(linkTo(from, 'retry-of')).toMatch(new RegExp(`/jobs/${scratch.jobID}$`));
      await client.ended(from.jobID);
      expect(await lines(path)).toEqual([...before, ...again]);
    }

    const unknown = await post(`/jobs/${id}/retry`, { from: 'task', task: 'x' });
    await expectProblem(unknown, 404, `${OWN_PROBLEM}/no-such-task`);
    await expectProblem(await post(`/jobs/${id}/retry?from=there`), 404, `${OWN_PROBLEM}/no-such-task`);
    const odd = await post(`/jobs/${id}/retry`, { from: '', more: 1 });
    expect(await expectProblem(odd, 400, `${OGC_PROBLEM}/InvalidParameterValue`)).toMatchObject({
      errors: [{ pointer: '/from' }, { pointer: '/more' }],
    });
  });

  it('jobs that steps start are linked, give their outputs, and go with their parent (scenario 22)', async () => {
    const id = await client.submit('parent', { n: 10 });
    expect(await client.ended(id)).toMatchObject({ status: 'successful' });
    expect(JSON.stringify(await resultsOf(id))).toContain('23');
    const parent = await status(id);
    const children = parent.links.filter(({ rel }) => rel === `${REL}/child-job`);
    expect(children).toHaveLength(2);
    const child = await status(children[0].href.split('/').at(-1)!);
    expect(linkTo(child, 'parent-job')).toMatch(new RegExp(`/jobs/${id}$`));
    const { artifacts } = await client.getJson<{ artifacts: unknown[] }>(`/jobs/${id}/artifacts`);
    expect(artifacts).toMatchObject([{ key: 'result', type: 'markdown' }]);

    const slow = await client.submit('parent', { n: 10, ms: 30_000 });
    const waiting = await inState(slow, 'Suspended');
    const ids = (await status(waiting.jobID)).links
      .filter(({ rel }) => rel === `${REL}/child-job`)
      .map(({ href }) => href.split('/').at(-1)!);
    expect((await client.dismiss(slow)).status).toBe(200);
    for (const childId of [slow, ...ids]) expect(await client.ended(childId)).toMatchObject({ status: 'dismissed' });
  });

  it('is refused of jobs that there are not', async () => {
    const answers = [
      ...['pause', 'resume', 'retry'].map((verb) => post(`/jobs/no-job/${verb}`)),
      ...['tasks', 'artifacts'].map((list) => client.get(`/jobs/no-job/${list}`)),
    ];
    for (const answer of answers) await expectProblem(await answer, 404, `${OGC_PROBLEM}/no-such-job`);
  });
});
