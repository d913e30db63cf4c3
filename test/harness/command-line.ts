import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';

export interface Ended {
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: Record<string, string>;
  /** What is piped into it; it has no input otherwise. */
  readonly input?: Readable;
  /** Called with all of standard error so far, whenever there is more. */
  readonly onStderr?: (soFar: string, interrupt: () => void) => void;
}

/** Runs `sluice` as its own process, with none of the surrounding environment. */
export async function sluice(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [resolve('dist/src/cli.js'), ...args], {
    env: { PATH, HOME, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    options.onStderr?.(stderr, () => child.kill('SIGINT'));
  });
  child.stdin.on('error', () => undefined);
  if (options.input) options.input.pipe(child.stdin);
  else child.stdin.end();
  await once(child, 'close');
  return { code: child.exitCode ?? child.signalCode!, stdout, stderr };
}
