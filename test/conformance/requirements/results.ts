import assert from 'node:assert/strict';
import type { Exchange } from '../exchange.js';
import { partsOf } from '../multipart.js';
import { EXCEPTION, type JobList, jobIdOf, type StatusInfo } from '../ogc-documents.js';
import type { Check, Checks } from '../requirement.js';
import type { ServerUnderTest } from '../server-under-test.js';
import {
  asyncCapable,
  bothModes,
  failingExecution,
  sendsReferences,
  sendsValues,
  slowExecution,
  type Subject,
  subjectOf,
} from '../subjects.js';

type Transmission = 'value' | 'reference';

/** What is asked for, as the official test suite asks: the transmission mode is always said. */
function selection(modes: readonly Transmission[], { outputs }: Subject): Record<string, unknown> {
  return Object.fromEntries(modes.map((transmissionMode, index) => [outputs[index], { transmissionMode }]));
}

/** Gets results in one of the two ways in which there are results. */
type Getter = (server: ServerUnderTest, subject: Subject, body: object) => Promise<Exchange>;

const synchronously: Getter = (server, { process, inputs }, body) =>
  server.execute(process.id, { inputs, ...body }, { accept: '*/*' });

const ofJob: Getter = async (server, { process, inputs }, body) => {
  const jobId = await server.completed(process.id, { inputs, ...body });
  return server.get(`/jobs/${jobId}/results`, { accept: '*/*' });
};

/** One value, bare, in the media type of its output. */
const rawValueOne =
  (get: Getter): Check =>
  async (server) => {
    const subject = await subjectOf(server, 1, bothModes, sendsValues);
    const id = subject.outputs[0];
    const answer = await get(server, subject, { outputs: selection(['value'], subject), response: 'raw' });
    answer.is(200);
    assert.ok(answer.mediaType !== '' && !answer.mediaType.startsWith('multipart/'), answer.summary());
    const document = await synchronously(server, subject, {
      outputs: selection(['value'], subject),
      response: 'document',
    });
    const entry = document.json<Record<string, unknown>>()[id];
    const value = typeof entry === 'object' && entry !== null && 'value' in entry ? entry.value : entry;
    const bare: unknown = answer.mediaType === 'application/json' ? answer.json() : answer.text;
    assert.deepEqual(bare, typeof value === typeof bare ? value : JSON.stringify(value));
  };

/** Several values: multipart/related, one part per output. */
const rawValueMany =
  (get: Getter): Check =>
  async (server) => {
    const subject = await subjectOf(server, 2, bothModes, sendsValues);
    const answer = await get(server, subject, { outputs: selection(['value', 'value'], subject), response: 'raw' });
    const parts = partsOf(answer.is(200).hasType('multipart/related'));
    assert.deepEqual([...parts.keys()].sort(), subject.outputs.slice(0, 2).sort());
    for (const [id, { headers, body }] of parts) {
      assert.ok(headers.get('content-type'), `the part ${id} has no media type`);
      assert.notEqual(body, '', `the part ${id} is empty`);
    }
  };

/** Only references: no body, one Link header per output. */
const rawReference =
  (get: Getter): Check =>
  async (server) => {
    for (const modes of [['reference'], ['reference', 'reference']] as const) {
      const subject = await subjectOf(server, modes.length, bothModes, sendsReferences);
      const answer = await get(server, subject, { outputs: selection(modes, subject), response: 'raw' });
      answer.is(204);
      assert.equal(answer.bytes.length, 0);
      const links = answer.links().filter(({ rel }) => rel !== 'monitor');
      assert.equal(links.length, modes.length, `one Link per output is wanted: ${answer.header('link')}`);
      for (const { href } of links) (await server.get(href, { accept: '*/*' })).is(200);
    }
  };

/** Values and references: multipart/related whose references are empty parts with a Content-Location. */
const rawMixed =
  (get: Getter): Check =>
  async (server) => {
    const subject = await subjectOf(server, 2, bothModes, sendsReferences, sendsValues);
    const answer = await get(server, subject, { outputs: selection(['value', 'reference'], subject), response: 'raw' });
    const parts = partsOf(answer.is(200).hasType('multipart/related'));
    const [value, reference] = subject.outputs.map((id) => parts.get(id));
    assert.ok(value && reference, `parts: ${[...parts.keys()].join(', ')}`);
    assert.notEqual(value.body, '');
    assert.equal(reference.body, '');
    const location = reference.headers.get('content-location');
    assert.ok(location, 'a reference has no Content-Location');
    (await server.get(new URL(location, answer.url).href, { accept: '*/*' })).is(200);
  };

/** `response: document`: results.yaml, whatever the transmission. */
const asDocument =
  (get: Getter): Check =>
  async (server) => {
    const subject = await subjectOf(server, 1, bothModes);
    const { outputTransmission = ['value'] } = subject.process;
    const wanted = [['value'], ['value', 'value'], ['reference'], ['value', 'reference']] as const;
    for (const modes of wanted) {
      if (modes.length > subject.outputs.length || !modes.every((mode) => outputTransmission.includes(mode))) continue;
      const outputs = selection(modes, subject);
      const answer = await get(server, subject, { outputs, response: 'document' });
      const document = answer.is(200).hasType('application/json').json<Record<string, object>>();
      server.conforms('1.0', 'results', document);
      assert.deepEqual(Object.keys(document).sort(), Object.keys(outputs).sort());
      modes.forEach((mode, index) => {
        const entry = document[subject.outputs[index]];
        const isLink = typeof entry === 'object' && 'href' in entry;
        assert.equal(isLink, mode === 'reference', `asked for a ${mode}, got ${JSON.stringify(entry)}`);
      });
    }
  };

/** Section 7.11.4: the answers to synchronous executions. */
export const synchronousChecks: Checks = {
  '/req/core/process-execute-sync-raw-value-one': rawValueOne(synchronously),
  '/req/core/process-execute-sync-raw-value-multi': rawValueMany(synchronously),
  '/req/core/process-execute-sync-raw-ref': rawReference(synchronously),
  '/req/core/process-execute-sync-raw-mixed-multi': rawMixed(synchronously),
  '/req/core/process-execute-sync-document': asDocument(synchronously),
  '/req/core/job-results-success-sync': async (server) => {
    let isSynchronous = false;
    for (const process of (await server.processes()).slice(0, MOST_TRIED)) {
      const subject = await subjectOf(server, 1, ({ id }) => id === process.id).catch(() => undefined);
      if (subject === undefined) continue;
      const before = await newestJob(server);
      const answer = await server.execute(process.id, { inputs: subject.inputs });
      const after = await newestJob(server);
      if (answer.status !== 200) continue;
      isSynchronous = true;
      const links = answer.links('monitor');
      for (const { href } of links) {
        const status = (await server.get(href)).is(200).hasType('application/json').json<StatusInfo>();
        server.conforms('1.0', 'statusInfo', status);
      }
      // Somebody else may execute at the same time, but hardly the same process.
      const hasLeftJob = after !== undefined && after.id !== before?.id && after.processId.endsWith(process.id);
      assert.ok(
        !hasLeftJob || links.length > 0,
        `job ${after?.id} was left, but no Link leads to it: ${answer.summary()}`,
      );
    }
    assert.ok(isSynchronous, 'no synchronous execution was successful');
  },
};

/** Processes tried in the search for one that leaves a job. */
const MOST_TRIED = 8;

/** The job that was made last, where the server lists jobs. */
async function newestJob(server: ServerUnderTest): Promise<{ id: string; processId: string } | undefined> {
  const answer = await server.get('/jobs?limit=1');
  const [job] = answer.status === 200 ? answer.json<JobList>().jobs : [];
  return job && { id: jobIdOf(job), processId: job.processID ?? '' };
}

/** Section 7.12 and 7.13: jobs and their results. */
export const jobChecks: Checks = {
  '/req/core/job': async (server) => {
    (await server.get(`/jobs/${await anyJob(server)}`)).is(200);
  },
  '/req/core/job-success': async (server) => {
    const jobId = await anyJob(server);
    const status = (await server.get(`/jobs/${jobId}`)).is(200).hasType('application/json').json<StatusInfo>();
    server.conforms('1.0', 'statusInfo', status);
    assert.deepEqual([jobIdOf(status), status.type, status.status], [jobId, 'process', 'successful']);
    assert.ok(!Object.values(status).includes(null), 'members that are null');
  },
  '/req/core/job-exception-no-such-job': async (server) => {
    server.isException(await server.get(`/jobs/${crypto.randomUUID()}`), 404, `${EXCEPTION}/no-such-job`);
    server.isException(await server.get('/jobs/no-such-job'), 404, `${EXCEPTION}/no-such-job`);
  },
  '/req/core/job-results': async (server) => {
    (await server.get(`/jobs/${await anyJob(server)}/results`, { accept: '*/*' })).is(200, 204);
  },
  '/req/core/job-results-async-raw-value-one': rawValueOne(ofJob),
  '/req/core/job-results-async-raw-value-multi': rawValueMany(ofJob),
  '/req/core/job-results-async-raw-mixed-multi': rawMixed(ofJob),
  '/req/core/job-results-async-raw-ref': rawReference(ofJob),
  '/req/core/job-results-async-document': asDocument(ofJob),
  '/req/core/job-results-exception/no-such-job': async (server) => {
    server.isException(await server.get(`/jobs/${crypto.randomUUID()}/results`), 404, `${EXCEPTION}/no-such-job`);
  },
  '/req/core/job-results-exception/results-not-ready': async (server) => {
    const { id, body } = await slowExecution(server, 30);
    const jobId = jobIdOf(await server.submit(id, body));
    const answer = await server.get(`/jobs/${jobId}/results`);
    await server.request('DELETE', `/jobs/${jobId}`);
    server.isException(answer, 404, `${EXCEPTION}/result-not-ready`);
  },
  '/req/core/job-results-failed': async (server) => {
    const { id, body } = await failingExecution(server);
    const jobId = jobIdOf(await server.submit(id, body));
    const { status } = await server.until(jobId, ['successful', 'failed', 'dismissed']);
    assert.equal(status, 'failed', `job ${jobId} of ${id}`);
    const answer = await server.get(`/jobs/${jobId}/results`);
    assert.ok(answer.status >= 400, `the results of a failed job: ${answer.summary()}`);
    server.isException(answer, answer.status);
  },
};

async function anyJob(server: ServerUnderTest): Promise<string> {
  const { process, inputs } = await subjectOf(server, 1, asyncCapable);
  return server.completed(process.id, { inputs });
}
