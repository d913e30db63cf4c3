import type { RegisteredProcess } from '../processes/registered-process.js';
import type { ExecutableProcess } from './executor-messages.js';

/** The executors do not know what the service offers; the message says how to mend it. */
export class UnexecutableProcessError extends Error {
  override readonly name = 'UnexecutableProcessError';
}

/**
 * Checks that every process of isolation `child` can be run by an executor.
 * @throws UnexecutableProcessError naming all that cannot
 */
export function assertExecutable(
  processes: Iterable<RegisteredProcess>,
  executable: readonly ExecutableProcess[],
): void {
  const faults: string[] = [];
  for (const { description, policy } of processes) {
    if (policy.isolation === 'inline') continue;
    const found = executable.find(({ id }) => id === description.id);
    if (found === undefined) {
      faults.push(
        `The process "${description.id}" runs in an executor, which cannot load it: declare it in a module listed in ` +
          `PROCESS_MODULES or forRoot({ processModules }), or use isolation 'inline'.`,
      );
    } else if (found.version !== description.version) {
      faults.push(
        `The process "${description.id}" has version ${description.version} in the service and ${found.version} in the ` +
          `executors: its files changed since the start, restart the service.`,
      );
    }
  }
  if (faults.length > 0) throw new UnexecutableProcessError(faults.join('\n'));
}
