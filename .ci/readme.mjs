// Tries the README as a newcomer would: `npm test` in a clean clone (its unit tests; the gate has run the rest), `npm start`
// in another one, then every ```console block. Lines that begin with
// `$ ` are commands, indented lines below go on with them; the rest is what they must print, where `...` stands for anything.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const recording = resolve('../shared/data/DY1201_EK60-D20120214-T231011.raw');
const parent = mkdtempSync(join(tmpdir(), 'sluice-readme-'));
// The database server of a service that root starts belongs to another user; where that one cannot go, its files outlive the clone.
chmodSync(parent, 0o711);

/** A clone has neither packages nor a build: whatever runs first in it installs and builds. */
function cleanClone(name) {
  const directory = join(parent, name);
  execFileSync('git', ['clone', '--quiet', resolve('.'), directory], { stdio: 'inherit' });
  return directory;
}

function consoleBlocks(markdown) {
  return [...markdown.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
}

function examplesOf(block) {
  const examples = [];
  for (const line of block.trimEnd().split('\n')) {
    if (line.startsWith('$ ')) examples.push({ command: line.slice(2), expected: [] });
    else if (examples.at(-1).expected.length === 0 && line.startsWith('  ')) examples.at(-1).command += `\n${line}`;
    else examples.at(-1).expected.push(line);
  }
  return examples;
}

/** `...` inside a line stands for any text, a line of its own for any lines. */
function patternOf(lines) {
  const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const parts = lines.map((line) =>
    line.trim() === '...' ? '(?:.*\\n)*?' : `${line.split('...').map(escape).join('.*')}\\s*\\n`,
  );
  return new RegExp(`^${parts.join('')}$`);
}

const tested = cleanClone('tested');
try {
  execFileSync('npm', ['test', '--', '--selectProjects', 'unit'], { cwd: tested, stdio: 'inherit' });
} catch (error) {
  rmSync(parent, { recursive: true, force: true });
  throw error;
}
rmSync(tested, { recursive: true, force: true });

const clone = cleanClone('sluice');
const service = spawn('npm', ['start'], { cwd: clone, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
try {
  const lines = createInterface({ input: service.stdout });
  await new Promise((listening, failed) => {
    lines.on('line', (line) => line.includes('Sluice listens on') && listening());
    service.once('exit', (code) => failed(new Error(`npm start ended with ${code}`)));
  });
  const env = { ...process.env, RECORDING: recording };
  let tried = 0;
  for (const block of consoleBlocks(readFileSync(join(clone, 'README.md'), 'utf8'))) {
    for (const { command, expected } of examplesOf(block)) {
      if (command === 'npm start' || command === 'npm test' || command.startsWith('git clone')) continue;
      if (command.includes('$RECORDING') && !existsSync(recording)) throw new Error(`${recording} is missing`);
      const printed = execFileSync('bash', ['-c', command], { cwd: clone, env, encoding: 'utf8' });
      const output = printed.endsWith('\n') || printed === '' ? printed : `${printed}\n`;
      if (!patternOf(expected).test(output)) {
        throw new Error(`README: ${command}\n--- should print\n${expected.join('\n')}\n--- printed\n${output}`);
      }
      tried += 1;
    }
  }
  console.log(`${tried} commands of the README do what it says`);
} finally {
  const gone = once(service, 'exit');
  process.kill(-service.pid, 'SIGTERM');
  await gone;
  rmSync(parent, { recursive: true, force: true });
}
