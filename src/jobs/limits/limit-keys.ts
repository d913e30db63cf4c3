import { createHash } from 'node:crypto';

/** Longer keys are told apart by their digest. Characters. */
const LONGEST = 200;

/** Stands before the keys of results: whoever has the place under such a key computes the result. */
export const RESULT_PREFIX = 'result:';

/** Key of the limit that the jobs of a process share. */
export function processLimitKey(processId: string, group: string): string {
  return shortened(`process:${processId}:${group}`);
}

/** Key of a limit that tasks share, of whichever process. */
export function taskLimitKey(key: string): string {
  return shortened(`task:${key}`);
}

/** Key of a result. @param digest of the process' version and what it, or its task, is called with */
export function resultKey(processId: string, digest: string): string {
  return shortened(`${RESULT_PREFIX}${processId}:${digest}`);
}

/** The number by which PostgreSQL locks a key, and nodes tell each other of it; in decimal digits. */
export function lockNumber(key: string): string {
  return createHash('sha256').update(key).digest().readBigInt64BE().toString();
}

function shortened(key: string): string {
  return key.length <= LONGEST ? key : `${key.slice(0, 100)}#${createHash('sha256').update(key).digest('hex')}`;
}
