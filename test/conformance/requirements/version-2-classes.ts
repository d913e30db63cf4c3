import assert from 'node:assert/strict';
import { jobIdOf, linksOf, PROFILE, type ProcessDescription, type StatusInfo } from '../ogc-documents.js';
import type { Check, Checks } from '../requirement.js';
import type { ServerUnderTest } from '../server-under-test.js';
import { asyncCapable, subjectOf } from '../subjects.js';
import { descriptionChecksOf2 } from './descriptions.js';
import { dismissChecks, jobListChecks, jsonChecks } from './jobs.js';

const eachInput =
  (check: (input: Record<string, unknown>, name: string) => void): Check =>
  async (server) => {
    for (const { id, inputs = {} } of await server.processes()) {
      for (const [name, input] of Object.entries(inputs))
        check(input as unknown as Record<string, unknown>, `${id}: ${name}`);
    }
  };

const listOf = (name: string, isAllowed: (item: unknown) => boolean): Check =>
  eachInput((input, place) => {
    const value = input[name];
    if (value === undefined) return;
    assert.ok(Array.isArray(value) && value.every(isAllowed), `${place}: ${name} is ${JSON.stringify(value)}`);
  });

const isText = (item: unknown) => typeof item === 'string';

/** 2.0 class ogc-process-description. */
export const describedChecks: Checks = {
  '/req/ogc-process-description/json-encoding': async (server) => {
    const profile = `${PROFILE}/ogc-process-description`;
    for (const description of await server.processes()) {
      server.conforms('2.0', 'process', description);
      assert.ok(
        linksOf(description, 'profile').some(({ href }) => href === profile),
        `${description.id}: no profile link`,
      );
    }
  },
  ...descriptionChecksOf2,
  '/req/ogc-process-description/value-passing': listOf(
    'valuePassing',
    (item) => item === 'byValue' || item === 'byReference',
  ),
  '/req/ogc-process-description/data-classes': listOf('dataClasses', isText),
  '/req/ogc-process-description/data-access-apis': async (server) => {
    for (const name of ['dataAccessAPIs', 'dataAccessApi', 'dataAccessApis']) await listOf(name, isText)(server);
  },
  '/req/ogc-process-description/execution-unit-requirements': eachInput(
    ({ executionUnitRequirements: value }, place) => {
      assert.ok(
        value === undefined || (typeof value === 'object' && value !== null),
        `${place}: ${JSON.stringify(value)}`,
      );
    },
  ),
  '/req/ogc-process-description/links': async (server) => {
    for (const description of await server.processes()) {
      assert.equal(linksOf(description, 'self').length, 1, `${description.id} needs one self link`);
    }
  },
};

/** Resources that have a profile, with the id of it. */
async function profiled(server: ServerUnderTest): Promise<[path: string, id: string][]> {
  const { process, inputs } = await subjectOf(server, 1, asyncCapable);
  const jobId = await server.completed(process.id, { inputs });
  return [
    ['/processes', 'ogc-process-list'],
    [`/processes/${encodeURIComponent(process.id)}`, 'ogc-process-description'],
    ['/jobs', 'jobs-list'],
    [`/jobs/${jobId}`, 'job-description'],
    [`/jobs/${jobId}/results`, 'ogc-results'],
  ];
}

/** 2.0 class query-param-profile. */
export const profileChecks: Checks = {
  '/req/query-param-profile/definition': async (server) => {
    for (const [path, id] of await profiled(server)) {
      const uri = `${PROFILE}/${id}`;
      for (const value of [uri, `[ogc-profile:${id}]`, id, `${id},${uri}`, 'unknown-profile']) {
        (await server.get(`${path}?profile=${encodeURIComponent(value)}`)).is(200);
      }
    }
  },
  '/req/query-param-profile/response': async (server) => {
    for (const [path, id] of await profiled(server)) {
      (await server.get(path)).is(200);
      const answer = (await server.get(`${path}?profile=${encodeURIComponent(`${PROFILE}/${id}`)}`)).is(200);
      const links = [...linksOf(answer.json<ProcessDescription>(), 'profile'), ...answer.links('profile')];
      const isLinked = links.some(({ href }) => href === `${PROFILE}/${id}`);
      assert.ok(isLinked, `${answer.url} has no link of relation profile to ${PROFILE}/${id}`);
    }
  },
};

/** 2.0 class dismiss. */
export const dismissalChecks: Checks = {
  ...dismissChecks,
  '/req/dismiss/job-dismiss-status': async (server) => {
    const { process, inputs } = await subjectOf(server, 1, asyncCapable);
    const jobId = await server.completed(process.id, { inputs });
    (await server.request('DELETE', `/jobs/${jobId}`)).is(200);
    (await server.get(`/jobs/${jobId}`)).is(404, 410);
    (await server.get(`/jobs/${jobId}/results`)).is(404, 410);
  },
};

/** 2.0 class json. */
export const jsonResourceChecks: Checks = {
  '/req/json/definition': async (server: ServerUnderTest) => {
    await jsonChecks['/req/json/definition'](server);
  },
};

/** 2.0 class job-list: as in 1.0, and the documents have the members of 2.0. */
export const jobsChecks: Checks = {
  ...jobListChecks,
  '/req/job-list/job-list-success': async (server) => {
    await jobListChecks['/req/job-list/job-list-success'](server);
    const list = (await server.get('/jobs')).is(200).json<{ jobs: StatusInfo[] }>();
    server.conforms('2.0', 'jobList', list);
    for (const job of list.jobs) assert.equal(job.id, jobIdOf(job));
  },
};
