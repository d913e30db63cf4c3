import { mkdir, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Backend } from './backends.js';
import type { JournalLine, Site } from './site.js';
import type { useSites } from './sites.js';

/** Who runs the tasks of flows. Suites that concern that run for both. */
export const EXECUTORS = ['local', 'distributed'] as const;
export type Executor = (typeof EXECUTORS)[number];

/** Settings that publish the flows of test/fixtures/flow-processes.mjs, and the processes of sites in general. */
export function flowModules(executor: Executor = 'local'): Record<string, string> {
  const flows = fixture('flow-processes.mjs', { executor });
  return { PROCESS_MODULES: [...GENERAL, flows].join(',') };
}

/** The same with the flows for every executor side by side, see {@link flowFor}; a service that both are tried in. */
export function flowModulesForAll(file = 'flow-processes.mjs'): Record<string, string> {
  const flows = EXECUTORS.map((executor) => fixture(file, { executor, suffix: flowFor(executor, '') }));
  return { PROCESS_MODULES: [...GENERAL, ...flows].join(',') };
}

/** Id of a flow where the flows for every executor are published. */
export function flowFor(executor: Executor, id: string): string {
  return executor === 'local' ? id : `${id}-${executor}`;
}

const GENERAL = ['probe-processes.mjs', 'fault-processes.mjs'].map((file) => resolve('test/fixtures', file));

/** Address of a module of test/fixtures that reads its query. */
export function fixture(file: string, query: Record<string, string>): string {
  const url = pathToFileURL(resolve('test/fixtures', file));
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

/** Settings for a test in which a job keeps its worker from step to step, also when the suites are run with ALWAYS_SUSPEND. */
export const IN_ONE_RUN = { ALWAYS_SUSPEND: 'false' };

/** Opens a site that has the flows, unless the settings name others. */
export async function openFlowSite(
  sites: ReturnType<typeof useSites>,
  settings: Record<string, string> = {},
  backend?: Backend,
): Promise<Site> {
  const site = await sites.open(backend, { ...flowModules(), ...settings });
  await closeAll(site);
  return site;
}

/** Inputs of a flow of the fixture. @param holds points at which it waits for {@link open} */
export function flowInputs(site: Site, holds: readonly string[] = [], more: Record<string, unknown> = {}) {
  return { journal: site.journal, gates: site.path('gates'), holds, ...more };
}

/** Lets flows pass a point, now and later. */
export async function open(site: Site, point: string): Promise<void> {
  await writeFile(site.path(`gates/${point}`), '');
}

/** Closes every point again, and removes what flows have left there: the state before the first test. */
export async function closeAll(site: Site): Promise<void> {
  await rm(site.path('gates'), { recursive: true, force: true });
  await mkdir(site.path('gates'), { recursive: true });
}

/** What a job has written down, in order. @param pattern which lines */
export async function notes(site: Site, jobId: string, pattern: RegExp): Promise<JournalLine[]> {
  return (await site.journalLines()).filter(({ job, what }) => job === jobId && pattern.test(what));
}

/** How often a job has come by each of its points. */
export async function counts(site: Site, jobId: string, pattern: RegExp): Promise<Record<string, number>> {
  const count: Record<string, number> = {};
  for (const { what } of await notes(site, jobId, pattern)) count[what] = (count[what] ?? 0) + 1;
  return count;
}
