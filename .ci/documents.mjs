// Tries documents as a newcomer would: a clean clone, `npm test` in it (a few unit tests; the gate has run them all), which
// installs and builds, `npm start`, then every ```console block. A document that needs more than the service has it prepared.
// With the path of a document as argument only that one is tried, without these tests.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { examplesOf, tryExample } from './console-blocks.mjs';

/**
 * What is tried, in this order. `prepare` starts what the document supposes to be there, below the directory `place`, and
 * returns the `variables` of its commands, the `settings` of the service, and what stops it all again.
 */
const DOCUMENTS = [
  { page: 'README.md', prepare: withRecording },
  { page: 'docs/s3-results.md', prepare: withBucket },
];
const [only] = process.argv.slice(2);
const chosen = DOCUMENTS.filter(({ page }) => only === undefined || page === only);
if (chosen.length === 0) throw new Error(`${only} is none of ${DOCUMENTS.map(({ page }) => page).join(', ')}`);

const parent = mkdtempSync(join(tmpdir(), 'sluice-documents-'));
// The database server of a service that root starts belongs to another user; where that one cannot go, its files outlive the clone.
chmodSync(parent, 0o711);
const clone = join(parent, 'sluice');
execFileSync('git', ['clone', '--quiet', resolve('.'), clone], { stdio: 'inherit' });

function withRecording() {
  const recording = resolve('../shared/data/DY1201_EK60-D20120214-T231011.raw');
  if (!existsSync(recording)) throw new Error(`${recording} is missing`);
  return { variables: { RECORDING: recording }, settings: {}, stop: () => undefined };
}

/** An S3 server with the bucket `results`, which believes every signature. */
async function withBucket(place) {
  const { variables } = withRecording();
  mkdirSync(join(place, 's3'), { recursive: true });
  const secret = join(place, 's3-secret.txt');
  writeFileSync(secret, 'S3RVER\n');
  const port = await freePort();
  const options = ['--directory', join(place, 's3'), '--address', '127.0.0.1', '--port', String(port), '--silent'];
  const script = resolve('node_modules/s3rver/bin/s3rver.js');
  const server = spawn(process.execPath, [script, ...options, '--configure-bucket', 'results'], { stdio: 'inherit' });
  const gone = once(server, 'exit');
  await listening(port, server);
  return {
    variables: {
      ...variables,
      S3_ENDPOINT: `http://127.0.0.1:${port}`,
      S3_KEY_ID: 'S3RVER',
      S3_SECRET_FILE: secret,
    },
    settings: { STORAGE: 's3/results', ALLOW_PRIVATE_STORAGE: 'true' },
    stop: async () => {
      server.kill('SIGKILL');
      await gone;
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Resolves when somebody accepts connections at a port. @throws Error when the server ends before that */
async function listening(port, server) {
  while (server.exitCode === null) {
    const socket = connect(port, '127.0.0.1');
    const accepted = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (accepted) return;
    await delay(50);
  }
  throw new Error('The S3 server ended');
}

/** Runs `npm start` in the clone until it listens. @returns what stops it */
async function startService(settings) {
  const options = { cwd: clone, env: { ...process.env, ...settings }, stdio: ['ignore', 'pipe', 'inherit'] };
  const service = spawn('npm', ['start'], { ...options, detached: true });
  await new Promise((listening, failed) => {
    createInterface({ input: service.stdout }).on('line', (line) => line.includes('Sluice listens on') && listening());
    service.once('exit', (code) => failed(new Error(`npm start ended with ${code}`)));
  });
  return async () => {
    const gone = once(service, 'exit');
    process.kill(-service.pid, 'SIGTERM');
    await gone;
  };
}

function isForReadersOnly({ command }) {
  return command === 'npm start' || command === 'npm test' || command.startsWith('git clone');
}

async function tryDocument({ page, prepare }, number) {
  const place = join(parent, String(number));
  const { variables, settings, stop } = await prepare(place);
  try {
    const stopService = await startService({ DATA_DIR: join(place, 'data'), ...settings });
    try {
      const examples = examplesOf(readFileSync(join(clone, page), 'utf8')).filter((one) => !isForReadersOnly(one));
      for (const example of examples) tryExample(example, { cwd: clone, env: { ...process.env, ...variables } });
      console.log(`${page}: ${examples.length} commands do what it says`);
    } finally {
      await stopService();
    }
  } catch (error) {
    throw new Error(`${page}: ${error.message}`, { cause: error });
  } finally {
    await stop();
  }
}

try {
  if (only === undefined)
    execFileSync('npm', ['test', '--', 'src/ogc', '--selectProjects', 'unit'], { cwd: clone, stdio: 'inherit' });
  for (const [number, document] of chosen.entries()) await tryDocument(document, number);
} finally {
  rmSync(parent, { recursive: true, force: true });
}
