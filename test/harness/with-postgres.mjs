// Runs a command with DATABASE_URL naming a new, migrated database on a PostgreSQL that lives as long as the command:
//   node test/harness/with-postgres.mjs <command> [argument ...]
// Needs the build (dist/). Ends with the exit code of the command.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DATABASE_CONTENTS } from '../../dist/src/database-contents.js';
import { createDataSource } from '../../dist/src/database/data-source.js';
import { EmbeddedPostgres } from '../../dist/src/database/embedded/embedded-postgres.js';
import { migrate } from '../../dist/src/database/migrate.js';

const [command, ...args] = process.argv.slice(2);
if (command === undefined) {
  process.stderr.write('Usage: with-postgres.mjs <command> [argument ...]\n');
  process.exit(2);
}

const directory = await mkdtemp(join(tmpdir(), 'sluice-with-postgres-'));
// Its warnings are for those who keep a database; what makes it unusable is thrown.
const logger = { info: () => {}, warn: () => {}, error: console.error };
const postgres = await EmbeddedPostgres.start({ directory, logger });
try {
  const { user, password, host, port, database } = postgres.connection;
  const url = `postgresql://${user}:${password}@${encodeURIComponent(host)}:${port}/${database}`;
  await migrateTo(url);
  process.exitCode = await run({ DATABASE_URL: url });
} finally {
  await postgres.stop();
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}

async function migrateTo(connectionString) {
  const dataSource = createDataSource({ connectionString }, DATABASE_CONTENTS, 2);
  try {
    await migrate({ connectionString }, dataSource);
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}

/** @returns the exit code */
async function run(settings) {
  const programs = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url));
  const env = { ...process.env, ...settings, PATH: [programs, process.env.PATH].join(delimiter) };
  const child = spawn(command, args, { env, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return code ?? 1;
}
