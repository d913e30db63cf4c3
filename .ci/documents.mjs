// Tries documents as a newcomer would: a clean clone, `npm test` in it (its unit tests; the gate has run the rest), which
// installs and builds, `npm start`, then every ```console block. A document that needs more than the service has it prepared.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { examplesOf, tryExample } from './console-blocks.mjs';

/**
 * What is tried, in this order. `prepare` starts what the document supposes to be there, below the directory `place`, and
 * returns the `variables` of its commands, the `settings` of the service, and what stops it all again.
 */
const DOCUMENTS = [{ page: 'README.md', prepare: withRecording }];

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
  execFileSync('npm', ['test', '--', '--selectProjects', 'unit'], { cwd: clone, stdio: 'inherit' });
  for (const [number, document] of DOCUMENTS.entries()) await tryDocument(document, number);
} finally {
  rmSync(parent, { recursive: true, force: true });
}
