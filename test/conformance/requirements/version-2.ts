import assert from 'node:assert/strict';
import type { Exchange } from '../exchange.js';
import {
  EXCEPTION,
  jobIdOf,
  linksOf,
  PROFILE,
  type ProcessDescription,
  type ProcessList,
  type StatusInfo,
} from '../ogc-documents.js';
import type { Checks } from '../requirement.js';
import type { ServerUnderTest } from '../server-under-test.js';
import { asyncCapable, bothModes, failingExecution, type Subject, subjectOf } from '../subjects.js';
import { landingChecks, processChecks } from './discovery.js';
import { inputChecks, modeChecks } from './inputs.js';
import { jobChecks, synchronousChecks } from './results.js';

const RESULTS = `${PROFILE}/ogc-results`;
/** Asks for the document by its profile. */
const PROFILED = `?profile=${encodeURIComponent(RESULTS)}`;

const select = (ids: readonly string[]) => Object.fromEntries(ids.map((id) => [id, {}]));

const post = (server: ServerUnderTest, { process, inputs }: Subject, body: object, query = '') =>
  server.request(
    'POST',
    `/processes/${encodeURIComponent(process.id)}/execution${query}`,
    { 'content-type': 'application/json', accept: 'application/json' },
    JSON.stringify({ inputs, ...body }),
  );

function isResultsDocument(server: ServerUnderTest, answer: Exchange, ids: readonly string[]): void {
  const document = answer.is(200).hasType('application/json').json<object>();
  server.conforms('2.0', 'results', document);
  assert.deepEqual(Object.keys(document).sort(), [...ids].sort());
  assert.ok(
    answer.links('profile').some(({ href }) => href === RESULTS),
    `no Link of relation profile to ${RESULTS}: ${answer.header('link')}`,
  );
}

const completed = (server: ServerUnderTest, { process, inputs }: Subject, body: object = {}) =>
  server.completed(process.id, { inputs, ...body });

/** A job of which exactly the named outputs are wanted. */
async function onlyTheNamed(
  server: ServerUnderTest,
  wanted: readonly string[],
  jobId: string,
  others: readonly string[],
) {
  for (const id of wanted) (await server.get(`/jobs/${jobId}/results/${id}`, { accept: '*/*' })).is(200);
  for (const id of others) server.isException(await server.get(`/jobs/${jobId}/results/${id}`), 404);
}

/** 2.0 class core, where it differs from 1.0. */
const newCoreChecks: Checks = {
  '/req/core/process-summary-links': async (server) => {
    const { processes } = (await server.get('/processes')).is(200).json<ProcessList>();
    for (const summary of processes) {
      const [self] = linksOf(summary, 'self');
      assert.ok(self, `the summary of ${summary.id} has no self link`);
      const described = (await server.get(new URL(self.href, `${server.base}/`).href))
        .is(200)
        .json<ProcessDescription>();
      assert.equal(described.id, summary.id);
    }
  },
  '/req/core/process-list-success': async (server) => {
    server.conforms('2.0', 'processList', (await server.get('/processes')).is(200).json());
  },
  '/req/core/process-description-success': async (server) => {
    for (const description of await server.processes()) server.conforms('2.0', 'process', description);
  },
  '/req/core/process-execute-request': async (server) => {
    const subject = await subjectOf(server, 1);
    const process = `${server.base}/processes/${encodeURIComponent(subject.process.id)}`;
    const body = { process, inputs: subject.inputs, outputs: select(subject.outputs.slice(0, 1)) };
    server.conforms('2.0', 'execute', body);
    (await server.execute(subject.process.id, body)).is(200, 201);
  },
  '/req/core/process-execute-input-inline-bbox': inputChecks['/req/core/process-execute-input-inline-bbox'],
  '/req/core/process-execute-omitted-outputs': async (server) => {
    const subject = await subjectOf(server, 2);
    isResultsDocument(server, await post(server, subject, {}), subject.outputs);
  },
  '/req/core/process-execute-empty-outputs': async (server) => {
    const answer = await post(server, await subjectOf(server, 1), { outputs: {} });
    assert.equal(answer.is(204).bytes.length, 0);
  },
  '/req/core/process-execute-sync-one': async (server) => {
    const subject = await subjectOf(server, 1);
    const answer = await post(server, subject, { outputs: select(subject.outputs.slice(0, 1)) });
    assert.ok(answer.is(200).mediaType !== '', answer.summary());
  },
  '/req/core/process-execute-sync-one-default-content': async (server) => {
    const { process, inputs, outputs } = await subjectOf(server, 1);
    const [id] = outputs;
    const { schema } = process.outputs![id];
    const [described = schema] = schema.oneOf ?? [];
    const answer = (await server.execute(process.id, { inputs, outputs: select([id]) }, { accept: '*/*' })).is(200);
    if (described.contentMediaType !== undefined) answer.hasType(described.contentMediaType);
    else assert.notEqual(answer.mediaType, '', answer.summary());
  },
  '/req/core/process-execute-sync-many-json': async (server) => {
    const subject = await subjectOf(server, 2);
    const ids = subject.outputs.slice(0, 2);
    const answer = await post(server, subject, { outputs: select(ids) });
    isResultsDocument(server, answer, ids);
    isResultsDocument(server, await post(server, subject, { outputs: select(ids) }, PROFILED), ids);
  },
  '/req/core/process-execute-success-sync-outputs-omitted': async (server) => {
    const subject = await subjectOf(server, 2);
    isResultsDocument(server, await post(server, subject, {}), subject.outputs);
  },
  '/req/core/process-execute-success-sync-empty-outputs': async (server) => {
    const answer = await post(server, await subjectOf(server, 1), { outputs: {} });
    assert.deepEqual([answer.is(204).bytes.length, answer.header('content-type')], [0, '']);
  },
  '/req/core/process-execute-success-async-outputs': async (server) => {
    const subject = await subjectOf(server, 2, bothModes);
    const [wanted, ...others] = subject.outputs;
    const jobId = await completed(server, subject, { outputs: select([wanted]) });
    await onlyTheNamed(server, [wanted], jobId, others);
  },
  '/req/core/process-execute-success-async-outputs-omitted': async (server) => {
    const subject = await subjectOf(server, 1, bothModes);
    await onlyTheNamed(server, subject.outputs, await completed(server, subject), []);
  },
  '/req/core/process-execute-success-async-outputs-empty': async (server) => {
    const subject = await subjectOf(server, 1, bothModes);
    const jobId = await completed(server, subject, { outputs: {} });
    server.isException(await server.get(`/jobs/${jobId}/results`), 404);
    await onlyTheNamed(server, [], jobId, subject.outputs.slice(0, 1));
  },
  '/req/core/job-success': async (server) => {
    const jobId = await completed(server, await subjectOf(server, 1, asyncCapable));
    const status = (await server.get(`/jobs/${jobId}`)).is(200).json<StatusInfo>();
    server.conforms('2.0', 'statusInfo', status);
    assert.deepEqual([status.id, status.processingEntityType], [jobId, 'ogc-api-processes']);
  },
  '/req/core/process-execute-success-async': async (server) => {
    const { process, inputs } = await subjectOf(server, 1, asyncCapable);
    const status = await server.submit(process.id, { inputs });
    server.conforms('2.0', 'statusInfo', status);
    (await server.get(`/jobs/${status.id}`)).is(200);
  },
  '/req/core/job-results-param-outputs': async (server) => {
    const subject = await subjectOf(server, 2, bothModes);
    const jobId = await completed(server, subject);
    const list = subject.outputs.slice(0, 2).join(',');
    (await server.get(`/jobs/${jobId}/results?outputs=${list}`, { accept: '*/*' })).is(200);
  },
  '/req/core/job-results-param-outputs-response': async (server) => {
    const subject = await subjectOf(server, 2, bothModes);
    const jobId = await completed(server, subject);
    const [only] = subject.outputs;
    const query = `${PROFILED}&outputs=${only}`;
    isResultsDocument(server, await server.get(`/jobs/${jobId}/results${query}`), [only]);
  },
  '/req/core/job-results-profile': async (server) => {
    const subject = await subjectOf(server, 2, bothModes);
    for (const ids of [subject.outputs.slice(0, 1), subject.outputs.slice(0, 2)]) {
      const jobId = await completed(server, subject, { outputs: select(ids) });
      isResultsDocument(server, await server.get(`/jobs/${jobId}/results${PROFILED}`), ids);
    }
  },
  '/req/core/job-result-op': async (server) => {
    const subject = await subjectOf(server, 1, bothModes);
    await onlyTheNamed(server, subject.outputs, await completed(server, subject), []);
  },
  '/req/core/job-results-async-one': async (server) => {
    const subject = await subjectOf(server, 1, bothModes);
    const [id] = subject.outputs;
    const answer = await server.get(`/jobs/${await completed(server, subject)}/results/${id}`, { accept: '*/*' });
    const direct = await server.execute(
      subject.process.id,
      { inputs: subject.inputs, outputs: select([id]) },
      { accept: '*/*' },
    );
    assert.deepEqual([answer.is(200).mediaType, answer.text], [direct.is(200).mediaType, direct.text]);
  },
  '/req/core/job-results-async-many': async (server) => {
    const subject = await subjectOf(server, 2, bothModes);
    const jobId = await completed(server, subject);
    const answer = (await server.get(`/jobs/${jobId}/results`)).is(200).hasType('application/json');
    const document = answer.json<object>();
    server.conforms('2.0', 'results', document);
    assert.deepEqual(Object.keys(document).sort(), [...subject.outputs].sort());
  },
  '/req/core/job-results-exception/invalid-query-parameter-value': async (server) => {
    const jobId = await completed(server, await subjectOf(server, 1, asyncCapable));
    const answer = await server.get(`/jobs/${jobId}/results?outputs=,`);
    server.isException(answer, 400, `${EXCEPTION}/invalid-query-parameter-value`);
  },
  '/req/core/job-results-exception-no-such-output': async (server) => {
    const jobId = await completed(server, await subjectOf(server, 1, asyncCapable));
    const answer = await server.get(`/jobs/${jobId}/results/no-such-output`);
    server.isException(answer, 400, `${EXCEPTION}/no-such-output`);
  },
  '/req/core/job-results-exception/results-not-available': async (server) => {
    const subject = await subjectOf(server, 1, bothModes);
    const empty = await completed(server, subject, { outputs: {} });
    server.isException(await server.get(`/jobs/${empty}/results`), 404, `${EXCEPTION}/result-not-available`);
    const { id, body } = await failingExecution(server);
    const failed = jobIdOf(await server.submit(id, body));
    await server.until(failed, ['failed']);
    const answer = await server.get(`/jobs/${failed}/results`);
    assert.ok(answer.status >= 400, answer.summary());
  },
};

/** 2.0 class core: what is new, and what is as in 1.0 or only has another name. */
export const coreChecks: Checks = {
  ...landingChecks,
  ...pick(processChecks, ['pl-limit-definition', 'pl-limit-response', 'pl-links', 'process-exception/no-such-process']),
  ...pick(processChecks, ['test-process']),
  ...pick(inputChecks, [
    'process-execute-op',
    'process-execute-input-array',
    'process-execute-input-inline-object',
    'process-execute-input-inline-binary',
    'process-execute-input-validation',
  ]),
  ...pick(modeChecks, ['process-execute-default-execution-mode', 'process-execute-auto-execution-mode']),
  ...pick(synchronousChecks, ['job-results-success-sync']),
  ...pick(jobChecks, ['job-exception-no-such-job', 'job-results-exception/results-not-ready', 'job-results-failed']),
  '/req/core/process-list-op': processChecks['/req/core/process-list'],
  '/req/core/process-description-op': processChecks['/req/core/process'],
  '/req/core/process-execute-input-multiple-types': inputChecks['/req/core/process-execute-input-mixed-type'],
  '/req/core/job-op': jobChecks['/req/core/job'],
  '/req/core/job-results-op': jobChecks['/req/core/job-results'],
  '/req/core/job-results-exception-no-such-job': jobChecks['/req/core/job-results-exception/no-such-job'],
  ...newCoreChecks,
};

/** Checks of the class core by the last part of their id. */
function pick(checks: Checks, names: readonly string[]): Checks {
  return Object.fromEntries(names.map((name) => [`/req/core/${name}`, checks[`/req/core/${name}`]]));
}
