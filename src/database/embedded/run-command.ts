import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** An account that a program is started as; without ids it is the account of this process. */
export interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * What every program of the embedded server sees of the environment. Nothing is inherited: locale, time zone and `PG*`
 * variables of the person who starts the service must not change the cluster, and the service's secrets are not the
 * server's business.
 */
export const SERVER_ENVIRONMENT: NodeJS.ProcessEnv = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

interface CommandResult {
  /** Exit code, or null when the program was ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end.
 * @param input written to the program's standard input, which is then closed
 * @throws the system error when the program cannot be started at all (`ENOENT`, `EACCES`)
 */
export async function runCommand(
  file: string,
  args: readonly string[],
  { uid, gid }: Identity,
  input = '',
): Promise<CommandResult> {
  const child = spawn(file, args, { cwd: '/', env: SERVER_ENVIRONMENT, uid, gid, stdio: 'pipe' });
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // A program that ends without reading its input is judged by its exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code, stdout, stderr] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}
