import { canonicalDigest } from '../processes/canonical-digest.js';
import type { TaskDefinition } from '../processes/definition/task-definition.js';
import type { ProcessDescription } from '../processes/process-description.js';
import { holdsFile, jsonArguments } from './input-hash.js';
import type { StepCache } from './step-journal.js';

/**
 * Where the results of a call of a task are kept for other calls. The process and its version are part of the key, so
 * that results never pass from one to another; so is the task, unless its author chose a key that is to count globally.
 * @throws TypeError for a call with a file and without a key: what is in a file, its size does not tell
 */
export function stepCache(
  { id, version }: Pick<ProcessDescription, 'id' | 'version'>,
  { name, cache }: TaskDefinition,
  args: readonly unknown[],
  isContext: (value: unknown) => boolean,
): StepCache | undefined {
  if (cache === undefined) return undefined;
  const chosen = cache.key ? [cache.key(...args)] : args.filter((argument) => !isContext(argument));
  if (chosen.some(holdsFile)) {
    throw new TypeError(
      `The task "${name}" is cached and called with a file; give its cache a key that tells files apart, such as a checksum.`,
    );
  }
  const task = cache.scope === 'global' && cache.key ? null : name;
  const key = canonicalDigest({ process: id, version, task, arguments: jsonArguments(name, chosen, isContext) });
  return { key, scope: cache.scope, ...(cache.ttl !== undefined && { ttl: cache.ttl }), refresh: cache.refresh };
}
