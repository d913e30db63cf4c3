// Builds dist/, unless it holds the build of exactly these sources already. That is decided by what the sources contain,
// not by their dates (an older file can be put back), and by whether dist/ is as this script has left it.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const RECORD = 'dist/.build.json';
const CACHE_OF_COMPILER = 'dist/.tsbuildinfo';
const SOURCES = ['src', 'migrations', 'test'];
const SETTINGS = ['package.json', 'package-lock.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'];

function filesBelow(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/** Tests are not compiled here, so a changed one needs no build. */
function digestOfSources() {
  const hash = createHash('sha256');
  const isSource = (file) => !file.endsWith('spec.ts') && !file.endsWith('.mjs');
  for (const file of [...SETTINGS.filter(existsSync), ...SOURCES.flatMap(filesBelow).filter(isSource)]) {
    hash.update(`${file}\0`).update(createHash('sha256').update(readFileSync(file)).digest());
  }
  return hash.digest('hex');
}

function digestOfOutputs() {
  const hash = createHash('sha256');
  for (const file of filesBelow('dist').filter((path) => path !== RECORD)) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file}\0${size}\0${mtimeMs}\0`);
  }
  return hash.digest('hex');
}

function recordedBuild() {
  try {
    return JSON.parse(readFileSync(RECORD, 'utf8'));
  } catch {
    return {};
  }
}

/** The compiler leaves the outputs of deleted sources behind. */
function removeOrphans() {
  for (const output of SOURCES.flatMap((folder) => filesBelow(join('dist', folder)))) {
    const [, source] = /^dist\/(.+?)(?:\.js|\.js\.map|\.d\.ts)$/.exec(output) ?? [];
    if (source !== undefined && !existsSync(`${source}.ts`)) rmSync(output);
  }
}

const sources = digestOfSources();
const last = recordedBuild();
const isIntact = last.outputs === digestOfOutputs();
if (last.sources !== sources || !isIntact) {
  console.error('Building ...');
  rmSync(RECORD, { force: true });
  // It remembers what it wrote, not what is there, and would leave out what somebody else has changed.
  if (!isIntact) rmSync(CACHE_OF_COMPILER, { force: true });
  const { status } = spawnSync(process.execPath, ['node_modules/@nestjs/cli/bin/nest.js', 'build'], {
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) process.exit(status ?? 1);
  removeOrphans();
  writeFileSync(RECORD, JSON.stringify({ sources, outputs: digestOfOutputs() }));
}
