import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { SERVER_ENVIRONMENT, type Identity } from './run-command.js';

/**
 * The keeper: a shell between the service and PostgreSQL. Its input is a pipe that only the service holds, so the input
 * ends when the service dies, however it dies, and the server is shut down. A line of input is the name of a signal for
 * the server. The server is the keeper's child and is waited for last, so its process id cannot pass to another process
 * before. TERM goes before INT because a server that has just been started still ignores INT, as background processes
 * of a shell do.
 */
const KEEPER = `
"$@" </dev/null &
server=$!
trap '' HUP INT QUIT TERM
exec 2>/dev/null 3>&-
while read -r signal; do kill -"$signal" "$server"; done
kill -TERM "$server"
kill -INT "$server"
wait "$server"
`;

/** A fast shutdown, then an immediate one, which the next start recovers from, then the end of the process. */
const STOP_STEPS = [
  { signals: ['TERM', 'INT'], patience: 20_000 },
  { signals: ['QUIT'], patience: 5_000 },
  { signals: ['KILL'], patience: 5_000 },
];

const STDERR_KEPT = 4_000;

/** A running PostgreSQL server that stops when this process ends. */
export class ServerProcess {
  /** Fulfilled when the server and its keeper are gone; says how the server ended. */
  readonly ended: Promise<string>;
  private stderr = '';
  private readonly keeper: ChildProcessByStdio<Writable, null, Readable>;

  constructor(command: readonly string[], { uid, gid }: Identity) {
    const keeper = spawn('/bin/sh', ['-c', KEEPER, 'sh', ...command], {
      cwd: '/',
      env: SERVER_ENVIRONMENT,
      uid,
      gid,
      // A session of its own: Ctrl-C in a terminal must not stop the database before the service has finished.
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
    }) as unknown as ChildProcessByStdio<Writable, null, Readable>;
    this.keeper = keeper;
    keeper.stdin.on('error', () => undefined);
    keeper.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-STDERR_KEPT);
    });
    // Held open by every process of the server and by nothing else: it ends with the last of them.
    const alive = keeper.stdio[3] as Readable;
    alive.on('error', () => undefined).on('close', () => keeper.stdin.end());
    alive.resume();
    this.ended = new Promise((resolve) => {
      keeper.once('error', (error) => resolve(error.message));
      keeper.once('exit', (code, signal) => resolve(signal ? `its keeper got ${signal}` : describeExit(code ?? 0)));
    });
  }

  /** What the server wrote before it opened its log file. */
  get firstWords(): string {
    return this.stderr.trim();
  }

  /**
   * Shuts the server down; open transactions are rolled back, committed ones are kept in any case.
   * @returns whether it ended in the time allowed, which is half a minute at most
   */
  async stop(): Promise<boolean> {
    for (const { signals, patience } of STOP_STEPS) {
      for (const signal of signals) this.keeper.stdin.write(`${signal}\n`);
      const patienceEnds = new AbortController();
      const gone = await Promise.race([
        this.ended.then(() => true),
        delay(patience, false, { signal: patienceEnds.signal }).catch(() => false),
      ]);
      patienceEnds.abort();
      if (gone) return true;
    }
    return false;
  }
}

/** A shell reports the end by a signal as 128 and its number. */
function describeExit(code: number): string {
  return code > 128 ? `ended by signal ${code - 128}` : `exit code ${code}`;
}
