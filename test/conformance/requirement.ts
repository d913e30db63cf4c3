import type { ServerUnderTest } from './server-under-test.js';
import { standardOf, type StandardVersion } from './standard-version.js';

/** Proves one requirement against a server: resolves when it holds, throws what is wrong, or `NotTestable`. */
export type Check = (server: ServerUnderTest) => Promise<void>;

/** Checks by requirement id relative to the URI of its version, for example `/req/core/http`. */
export type Checks = Readonly<Record<string, Check>>;

/** One row of the table. */
export interface Requirement {
  readonly version: StandardVersion;
  readonly id: string;
  readonly check: Check;
}

/** The absolute URI by which results are reported. */
export function uriOf({ version, id }: Pick<Requirement, 'version' | 'id'>): string {
  return `${standardOf(version)}${id}`;
}

/** The conformance class a requirement belongs to, for example `core`. */
export function classOf(id: string): string {
  return id.split('/')[2];
}
