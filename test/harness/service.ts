import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** One line of a service's structured log. */
export interface ServiceLogLine {
  readonly level: string;
  readonly context?: string;
  readonly msg: string;
}

const DIST = resolve('dist/src');

/**
 * The real service as its own operating-system process: `node dist/src/main.js` (or another entry point), with the
 * settings of the test and none of the surrounding environment.
 */
export class Service {
  readonly lines: ServiceLogLine[] = [];
  private readonly watchers = new Set<() => void>();
  private stderr = '';
  private base: string | undefined;

  private constructor(private readonly child: ChildProcess) {
    createInterface({ input: child.stdout! }).on('line', (line) => this.read(line));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    child.once('exit', () => this.tell());
  }

  /**
   * Starts without waiting for anything.
   * @param entry a file of dist/src: `main.js`, `worker.js`, `cli.js`
   * @param cwd working directory, for tests of what is read from it
   */
  static spawn(settings: Record<string, string>, entry = 'main.js', args: string[] = [], cwd?: string): Service {
    if (!existsSync(resolve(DIST, entry))) throw new Error(`dist/src/${entry} is missing: run "npm run build" first`);
    const { PATH, HOME, ALWAYS_SUSPEND } = process.env;
    // The one setting that the suites as a whole can be run with, see CONTRIBUTING.
    const mode = ALWAYS_SUSPEND === undefined ? {} : { ALWAYS_SUSPEND };
    const env = { PATH, HOME, PORT: '0', LOG_LEVEL: 'info', ...mode, ...settings } as NodeJS.ProcessEnv;
    return new Service(
      spawn(process.execPath, [resolve(DIST, entry), ...args], { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] }),
    );
  }

  /** Starts the API and waits until it listens. */
  static async start(settings: Record<string, string>): Promise<Service> {
    const service = Service.spawn(settings);
    await service.logged(/^Sluice listens on /);
    return service;
  }

  /** Starts a worker process and waits until it takes jobs. */
  static async startWorker(settings: Record<string, string>): Promise<Service> {
    const service = Service.spawn(settings, 'worker.js');
    await service.logged(/^A worker takes up to /);
    return service;
  }

  /** Absolute URL of a path of the API. */
  url(path = ''): string {
    if (this.base === undefined) throw new Error('the service does not listen');
    return `${this.base}${path}`;
  }

  get pid(): number {
    return this.child.pid!;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** What it wrote to standard error: start failures, crashes. */
  get errors(): string {
    return this.stderr;
  }

  /** Resolves with the first log line, already written or yet to come, whose message matches. */
  async logged(pattern: RegExp): Promise<ServiceLogLine> {
    for (;;) {
      const line = this.lines.find(({ msg }) => pattern.test(msg));
      if (line !== undefined) return line;
      if (!this.running) throw new Error(`the service ended before it logged ${pattern}:\n${this.tail()}`);
      await new Promise<void>((wake) => this.watchers.add(wake));
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves with the exit code, or the signal that ended it. */
  async exited(): Promise<number | NodeJS.Signals> {
    if (this.running) await once(this.child, 'exit');
    return this.child.exitCode ?? this.child.signalCode!;
  }

  /** Stops as an operator does, and waits for the end. */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.kill('SIGTERM');
    await this.exited();
  }

  /** The last of what it said, for the message of a failing test. */
  tail(): string {
    return [...this.lines.slice(-20).map((line) => JSON.stringify(line)), this.stderr.slice(-4_000)].join('\n');
  }

  private read(text: string): void {
    try {
      const line = JSON.parse(text) as ServiceLogLine;
      this.lines.push(line);
      this.base ??= /^Sluice listens on (\S+)/.exec(line.msg)?.[1];
    } catch {
      this.stderr += `${text}\n`;
    }
    this.tell();
  }

  private tell(): void {
    for (const wake of this.watchers) wake();
    this.watchers.clear();
  }
}
