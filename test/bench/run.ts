import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';
import { RedisServer, testedBackends } from '../harness/backends.js';
import { Service } from '../harness/service.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';
import { CONCURRENCY, measureAsyncExecution } from './async-execution.js';
import { measureDocuments } from './documents.js';
import { measureEventStreams } from './event-streams.js';
import { measureFlows } from './flows.js';
import { measureJobList } from './job-list.js';
import { type Measurement, printTable } from './measurement.js';
import { measureSyncExecution, measureSyncJobs } from './sync-execution.js';

// `npm run bench`: every figure beside a bare baseline of the same run. Prints a table and writes bench.json.

const measurements: Measurement[] = [];
const logger = { info: () => undefined, warn: console.error, error: console.error };

for (const backend of testedBackends()) {
  const directory = temporaryDirectory('bench');
  const redis = backend === 'redis' ? await RedisServer.start() : undefined;
  const service = await Service.start({
    DATA_DIR: directory.path,
    PROCESS_MODULES: resolve('test/fixtures/probe-processes.mjs'),
    WORKER_CONCURRENCY: String(CONCURRENCY),
    LOG_LEVEL: 'info',
    ...(redis && { REDIS_URL: redis.url }),
  });
  const { connection } = await EmbeddedPostgres.attach({ directory: join(directory.path, 'postgres'), logger });
  const pool = new pg.Pool({ ...connection, max: 10 });
  try {
    if (backend === 'postgres') {
      measurements.push(...(await measureSyncExecution(service.url())));
      measurements.push(...(await measureSyncJobs(service.url(), pool)));
      measurements.push(...(await measureDocuments(service.url())));
    }
    const at = redis ? { redis: redis.url } : { postgres: connection };
    measurements.push(...(await measureAsyncExecution(service.url(), pool, at)));
    if (backend === 'postgres') {
      measurements.push(...(await measureEventStreams(service.url(), pool, service.pid)));
      measurements.push(...(await measureJobList(service.url(), pool)));
    }
  } finally {
    await pool.end();
    await service.stop();
    await redis?.down();
    directory.remove();
  }
}

measurements.push(...(await measureFlows()));

printTable(measurements);
writeFileSync('bench.json', `${JSON.stringify(measurements, undefined, 2)}\n`);
