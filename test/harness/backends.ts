import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** The queue backends every suite that concerns the queue runs on. */
export type Backend = 'postgres' | 'redis';

function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * The backends to test on. In CI both are required; elsewhere a machine without redis-server tests PostgreSQL alone and
 * says so.
 */
export function testedBackends(): Backend[] {
  if (hasRedis()) return ['postgres', 'redis'];
  if (process.env.CI) throw new Error('redis-server is not installed; in CI the suite runs on Redis too');
  process.stderr.write('SKIPPED on Redis: redis-server is not installed (on Debian: apt-get install redis-server)\n');
  return ['postgres'];
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

const IN_MEMORY = ['--save', '', '--appendonly', 'no'];

/** A Redis of a test's own, in memory unless told otherwise, that can be stopped and started again under the same URL. */
export class RedisServer {
  private child: ReturnType<typeof spawn> | undefined;

  private constructor(
    readonly port: number,
    private readonly options: readonly string[],
    private readonly password?: string,
  ) {}

  /** @param options arguments of redis-server beside those that say where it listens */
  static async start(options: readonly string[] = IN_MEMORY, password?: string): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options, password);
    await server.up();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts, in memory with nothing: what a Redis without persistence knows after a crash. */
  async up(): Promise<void> {
    const options = [...this.options, '--port', String(this.port), '--bind', '127.0.0.1'];
    this.child = spawn('redis-server', options, { stdio: 'ignore' });
    const client = new Redis(this.port, '127.0.0.1', {
      lazyConnect: true,
      password: this.password,
      retryStrategy: () => 50,
      maxRetriesPerRequest: null,
    });
    client.on('error', () => undefined);
    await client.ping();
    client.disconnect();
  }

  /** Ends it without a goodbye. */
  async down(): Promise<void> {
    if (this.child === undefined || this.child.exitCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
    this.child = undefined;
  }
}

/** Polls a condition of the outside world that sends no event. Fails after `patience` milliseconds. */
export async function eventually<T>(look: () => Promise<T | undefined>, what: string, patience = 60_000): Promise<T> {
  const deadline = Date.now() + patience;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > deadline) throw new Error(`not within ${patience} ms: ${what}`);
    await delay(50);
  }
}
