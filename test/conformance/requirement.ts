import type { ServerUnderTest } from './server-under-test.js';

export type StandardVersion = '1.0' | '2.0';

/** Proves one requirement against a server: resolves when it holds, throws what is wrong, or {@link NotTestable}. */
export type Check = (server: ServerUnderTest) => Promise<void>;

/** Checks by requirement id relative to the URI of its version, for example `/req/core/http`. */
export type Checks = Readonly<Record<string, Check>>;

/** One row of the table. */
export interface Requirement {
  readonly version: StandardVersion;
  readonly id: string;
  readonly check: Check;
}

/** The server offers nothing on which the requirement could be tried, or the tester was not told enough. */
export class NotTestable extends Error {
  override readonly name = 'NotTestable';
}

/** URI of a version of OGC API - Processes - Part 1, without a trailing slash. */
export function standardOf(version: StandardVersion): string {
  return `http://www.opengis.net/spec/ogcapi-processes-1/${version}`;
}

/** The absolute URI by which results are reported. */
export function uriOf({ version, id }: Pick<Requirement, 'version' | 'id'>): string {
  return `${standardOf(version)}${id}`;
}

/** The conformance class a requirement belongs to, for example `core`. */
export function classOf(id: string): string {
  return id.split('/')[2];
}
