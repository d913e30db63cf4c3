import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { freePort, RedisServer } from './backends.js';
import { Client } from './client.js';
import { ComposeFile } from './compose-file.js';
import { PostgresServer } from './postgres.js';
import { Service } from './service.js';
import { temporaryDirectory } from './temporary-directory.js';

/** An S3 server with the bucket that docker/blocks.yaml names, in place of MinIO. */
export interface StagingBucket {
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** A container of the staging stack, as a plain process. */
export interface StagingNode {
  readonly service: Service;
  /** What its container would find in its environment, with the paths and addresses of this machine. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * The stack of docker/compose.yaml as plain processes: the same commands, the same environment, secrets made by the same
 * script, and a data directory per node. Only paths and addresses differ, because all processes share one machine.
 */
export class StagingStack {
  private readonly place = temporaryDirectory('staging');
  private readonly nodes: StagingNode[] = [];
  private readonly ports = new Set<number>();
  private redisServer: RedisServer | undefined;

  private constructor(
    private readonly compose: ComposeFile,
    private readonly postgres: PostgresServer,
    private readonly bucket: StagingBucket,
  ) {}

  /** Starts the services that keep data, but for the bucket. @param settings lines of docker/.env */
  static async open(bucket: StagingBucket, settings: Record<string, string>): Promise<StagingStack> {
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    const compose = ComposeFile.read(
      'docker/compose.yaml',
      readFileSync('docker/.env.example', 'utf8') + lines.join(''),
    );
    const stack = new StagingStack(compose, await PostgresServer.start(), bucket);
    await stack.prepare();
    return stack;
  }

  get redis(): RedisServer {
    return this.redisServer!;
  }

  path(name: string): string {
    return join(this.place.path, name);
  }

  secret(name: string): string {
    return readFileSync(this.path(`secrets/${name}`), 'utf8');
  }

  /** Runs the one-shot service that the others wait for. @returns its exit code */
  async migrate(): Promise<number | NodeJS.Signals> {
    const { service } = await this.spawn('migrate');
    return await service.exited();
  }

  async api(): Promise<StagingNode & { readonly client: Client }> {
    const node = await this.spawn('api');
    await node.service.logged(/^Sluice listens on /);
    return { ...node, client: new Client(`http://127.0.0.1:${node.environment.PORT}`) };
  }

  async worker(): Promise<StagingNode> {
    const node = await this.spawn('worker');
    await node.service.logged(/^A worker takes up to /);
    return node;
  }

  /** The node that runs a job. */
  async holder(jobId: string): Promise<StagingNode> {
    const client = new pg.Client({ connectionString: this.secret('database_url') });
    await client.connect();
    const { rows } = await client.query<{ worker_id: string | null }>(
      'SELECT worker_id FROM sluice.job WHERE id = $1',
      [jobId],
    );
    await client.end();
    const pid = Number(rows[0]?.worker_id?.split(':')[1]);
    const holder = this.nodes.find(({ service }) => service.pid === pid);
    if (holder === undefined) throw new Error(`no node of this stack runs job ${jobId}`);
    return holder;
  }

  /** Runs the HEALTHCHECK of the image beside a node. */
  isHealthy({ environment }: StagingNode): boolean {
    return spawnSync(process.execPath, ['docker/healthcheck.mjs'], { env: environment }).status === 0;
  }

  async close(): Promise<void> {
    for (const { service } of this.nodes) {
      service.kill('SIGKILL');
      await service.exited();
    }
    await this.redisServer?.down();
    await this.postgres.remove();
    this.place.remove();
  }

  private async prepare(): Promise<void> {
    execFileSync('sh', ['docker/make-secrets.sh', this.path('secrets')]);
    this.replaceSecret('database_url', await this.postgres.createDatabase());
    mkdirSync(this.path('redis'));
    const [, ...options] = this.compose.service('redis').command!;
    const here = options.map((option) => option.replace('/run/secrets', this.path('secrets')));
    this.redisServer = await RedisServer.start([...here, '--dir', this.path('redis')], this.secret('redis_password'));
    this.replaceSecret('redis_url', this.onThisMachine(this.secret('redis_url')));
    this.replaceSecret('s3_access_key', this.bucket.credentials.accessKeyId);
    this.replaceSecret('s3_secret_key', this.bucket.credentials.secretAccessKey);
    const { file } = this.compose.model.configs.blocks;
    mkdirSync(this.path('config'));
    writeFileSync(
      this.path('config/blocks.yaml'),
      this.onThisMachine(readFileSync(this.compose.resolve(file), 'utf8')),
    );
  }

  private replaceSecret(name: string, value: string): void {
    const path = this.path(`secrets/${name}`);
    rmSync(path);
    writeFileSync(path, value);
  }

  private onThisMachine(text: string): string {
    return text
      .replaceAll('/run/secrets', this.path('secrets'))
      .replaceAll('/etc/sluice', this.path('config'))
      .replaceAll('redis:6379', `127.0.0.1:${this.redis.port}`)
      .replaceAll('http://minio:9000', this.bucket.endpoint);
  }

  private async spawn(name: string): Promise<StagingNode> {
    const given = Object.entries(this.compose.environment(name));
    const environment = Object.fromEntries(given.map(([key, value]) => [key, this.onThisMachine(value)]));
    environment.DATA_DIR = this.path(`data-${this.nodes.length}`);
    // A container has ports of its own.
    for (const key of ['PORT', 'PROBE_PORT']) if (key in environment) environment[key] = String(await this.ownPort());
    const { command } = this.compose.service(name);
    const node = {
      service: Service.spawn(environment, 'cli.js', [...command!], resolve(this.place.path)),
      environment,
    };
    this.nodes.push(node);
    return node;
  }

  /** A port that no node of this stack has been given before. */
  private async ownPort(): Promise<number> {
    for (;;) {
      const port = await freePort();
      if (!this.ports.has(port)) {
        this.ports.add(port);
        return port;
      }
    }
  }
}
