import assert from 'node:assert/strict';
import { EXCEPTION, type JobList, jobIdOf, type StatusInfo } from '../ogc-documents.js';
import type { Check, Checks } from '../requirement.js';
import type { ServerUnderTest } from '../server-under-test.js';
import { asyncCapable, failingExecution, slowExecution, type Subject, subjectOf } from '../subjects.js';
import { describesQuery } from './api-definition.js';
import { hasSelfAndAlternates } from './discovery.js';

const jobs = async (server: ServerUnderTest, query: string): Promise<readonly StatusInfo[]> =>
  (await server.get(`/jobs?${query}`)).is(200).json<JobList>().jobs;

/** A query parameter of the job list is described with its type, and its forms are understood. */
const defined =
  (name: string, type: string, ...queries: string[]): Check =>
  async (server) => {
    await describesQuery(server, '/jobs', name, type);
    await accepted(...queries)(server);
  };

const accepted =
  (...queries: string[]): Check =>
  async (server) => {
    for (const query of queries) (await server.get(`/jobs?${query}`)).is(200);
  };

/** A job of the given kind that was successful; there is at least one of it from then on. */
async function someJob(server: ServerUnderTest): Promise<{ subject: Subject; job: StatusInfo }> {
  const subject = await subjectOf(server, 1, asyncCapable);
  const jobId = await server.completed(subject.process.id, { inputs: subject.inputs });
  return { subject, job: (await server.get(`/jobs/${jobId}`)).is(200).json<StatusInfo>() };
}

const has = (list: readonly StatusInfo[], job: StatusInfo) => list.some((entry) => jobIdOf(entry) === jobIdOf(job));

/** 1.0 class job-list. Its filters are tried on jobs made for it, in a list that may hold many others. */
export const jobListChecks: Checks = {
  '/req/job-list/job-list-op': accepted(''),
  '/req/job-list/type-definition': defined('type', 'array', 'type=process'),
  '/req/job-list/type-response': async (server) => {
    const { job } = await someJob(server);
    const found = await jobs(server, 'type=process&limit=100');
    assert.ok(found.every(({ type }) => type === 'process'));
    assert.ok(has(found, job), 'the newest job is not in the list of type=process');
    assert.ok(has(await jobs(server, 'limit=100'), job), 'the newest job is not in the list');
  },
  '/req/job-list/processID-mandatory': async (server) => {
    await someJob(server);
    for (const { processID } of await jobs(server, 'limit=100')) assert.equal(typeof processID, 'string');
  },
  '/req/job-list/processID-definition': async (server) => {
    const [first, second = first] = await server.processes();
    await defined('processID', 'array', `processID=${first.id}`, `processID=${first.id},${second.id}`)(server);
  },
  '/req/job-list/processid-response': async (server) => {
    const { subject, job } = await someJob(server);
    const id = encodeURIComponent(subject.process.id);
    const found = await jobs(server, `processID=${id}&limit=100`);
    assert.ok(has(found, job), 'the newest job of the process is missing');
    assert.ok(found.every(({ processID }) => processID === job.processID));
    assert.equal(has(await jobs(server, 'processID=no-such-process&limit=100'), job), false);
    assert.ok(has(await jobs(server, `processID=no-such-process,${id}&limit=100`), job), 'of two ids one is ignored');
  },
  '/req/job-list/status-definition': defined(
    'status',
    'array',
    'status=running',
    'status=accepted,successful,failed,dismissed',
  ),
  '/req/job-list/status-response': async (server) => {
    const { job } = await someJob(server);
    const found = await jobs(server, 'status=successful&limit=100');
    assert.ok(has(found, job) && found.every(({ status }) => status === 'successful'));
    assert.equal(has(await jobs(server, 'status=failed,running&limit=100'), job), false);
    assert.ok(has(await jobs(server, 'status=failed,successful&limit=100'), job));
  },
  '/req/job-list/datetime-definition': defined(
    'datetime',
    'string',
    ...[
      '2026-01-01T00:00:00Z',
      '2026-01-01T00:00:00Z/2026-02-01T00:00:00Z',
      '../2026-01-01T00:00:00Z',
      '2026-01-01T00:00:00Z/..',
      '2026-01-01T00:00:00Z/',
    ].map((datetime) => `datetime=${encodeURIComponent(datetime)}`),
  ),
  '/req/job-list/datetime-response': async (server) => {
    const { job } = await someJob(server);
    assert.ok(job.created, 'a status document without created');
    const at = Date.parse(job.created);
    const shown = (offset: number) => new Date(at + offset).toISOString();
    const includes = async (datetime: string) =>
      has(await jobs(server, `datetime=${encodeURIComponent(datetime)}&limit=100`), job);
    assert.ok(await includes(`${shown(-60_000)}/${shown(60_000)}`), 'an interval around');
    assert.ok(await includes(`../${shown(60_000)}`), 'open at the start');
    assert.ok(await includes(`${shown(-60_000)}/..`), 'open at the end');
    assert.equal(await includes(`../${shown(-60_000)}`), false, 'an interval before');
    assert.equal(await includes(`${shown(60_000)}/..`), false, 'an interval after');
  },
  '/req/job-list/duration-definition': accepted('minDuration=0', 'maxDuration=60', 'minDuration=0&maxDuration=60'),
  '/req/job-list/duration-response': async (server) => {
    const { job } = await someJob(server);
    const seconds = (Date.parse(job.finished!) - Date.parse(job.started!)) / 1_000;
    assert.ok(seconds >= 0, 'a finished job without started or finished');
    const includes = async (query: string) => has(await jobs(server, `${query}&limit=100`), job);
    assert.ok(await includes(`minDuration=0&maxDuration=${Math.ceil(seconds) + 1}`));
    assert.equal(await includes(`minDuration=${Math.ceil(seconds) + 1}`), false);
    const least = await jobs(server, 'minDuration=0&limit=100');
    assert.ok(least.every(({ status, started }) => status !== 'accepted' && started !== undefined));
  },
  '/req/job-list/limit-definition': defined('limit', 'integer', 'limit=1', 'limit=100'),
  '/req/job-list/limit-response': async (server) => {
    await someJob(server);
    await someJob(server);
    assert.equal((await jobs(server, 'limit=1')).length, 1);
    assert.ok((await jobs(server, '')).length <= 10_000);
  },
  '/req/job-list/job-list-success': async (server) => {
    await someJob(server);
    const list = (await server.get('/jobs')).is(200).hasType('application/json').json<JobList>();
    server.conforms('1.0', 'jobList', list);
    assert.ok(list.jobs.length > 0);
  },
  '/req/job-list/links': (server) => hasSelfAndAlternates(server, '/jobs'),
};

/** 1.0 class callback: results for successUri, a status for the other two. */
export const callbackChecks: Checks = {
  '/req/callback/job-callback': async (server) => {
    const { outpost } = server;
    const subscriber = () => ({
      successUri: outpost.callbackUrl('success'),
      inProgressUri: outpost.callbackUrl('progress'),
      failedUri: outpost.callbackUrl('failed'),
    });
    const { process, inputs, outputs } = await subjectOf(server, 1, asyncCapable);
    const success = subscriber();
    const selected = Object.fromEntries(outputs.map((id) => [id, { transmissionMode: 'value' }]));
    await server.submit(process.id, { inputs, outputs: selected, subscriber: success });
    const results = await outpost.called(success.successUri);
    assert.deepEqual([results.method, results.mediaType], ['POST', 'application/json']);
    const document = JSON.parse(results.body) as object;
    server.conforms('1.0', 'results', document);
    assert.deepEqual(Object.keys(document).sort(), [...outputs].sort());
    const failing = await failingExecution(server).catch(() => undefined);
    if (failing === undefined) return;
    const failure = subscriber();
    await server.submit(failing.id, { ...failing.body, subscriber: failure });
    assert.equal((await outpost.called(failure.failedUri)).method, 'POST');
  },
};

/** 1.0 class dismiss. */
export const dismissChecks: Checks = {
  '/req/dismiss/job-dismiss-op': async (server) => {
    const { job } = await someJob(server);
    (await server.request('DELETE', `/jobs/${jobIdOf(job)}`)).is(200);
  },
  '/req/dismiss/job-dismiss-success': async (server) => {
    const { id, body } = await slowExecution(server, 60);
    const jobId = jobIdOf(await server.submit(id, body));
    const status = (await server.request('DELETE', `/jobs/${jobId}`)).is(200).json<StatusInfo>();
    server.conforms('1.0', 'statusInfo', status);
    assert.deepEqual([jobIdOf(status), status.status], [jobId, 'dismissed']);
    const unknown = await server.request('DELETE', `/jobs/${crypto.randomUUID()}`);
    server.isException(unknown, 404, `${EXCEPTION}/no-such-job`);
  },
};

/** 1.0 class json. */
export const jsonChecks: Checks = {
  '/req/json/definition': async (server) => {
    const { subject, job } = await someJob(server);
    const { process, inputs } = subject;
    const paths = ['/', '/conformance', '/processes', `/processes/${process.id}`, `/jobs/${jobIdOf(job)}`];
    for (const path of paths) (await server.get(path)).is(200).hasType('application/json').json();
    const accept = { accept: 'application/json' };
    (await server.execute(process.id, { inputs, response: 'document' }, accept)).is(200).hasType('application/json');
    const asynchronous = await server.execute(process.id, { inputs }, { ...accept, prefer: 'respond-async ' });
    asynchronous.is(201).hasType('application/json');
  },
};
