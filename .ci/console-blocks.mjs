// The ```console blocks of a document. Lines that begin with `$ ` are commands, indented lines below go on with them; the
// rest is what they must print, where `...` stands for anything.
import { execFileSync } from 'node:child_process';

/** @returns the commands of a document, each with the lines it must print */
export function examplesOf(markdown) {
  return [...markdown.matchAll(/^```console\n([\s\S]*?)^```$/gm)].flatMap(([, block]) => examplesInBlock(block));
}

function examplesInBlock(block) {
  const examples = [];
  for (const line of block.trimEnd().split('\n')) {
    if (line.startsWith('$ ')) examples.push({ command: line.slice(2), expected: [] });
    else if (examples.at(-1).expected.length === 0 && line.startsWith('  ')) examples.at(-1).command += `\n${line}`;
    else examples.at(-1).expected.push(line);
  }
  return examples;
}

/** Runs a command. @throws Error when it fails, or prints something else than it must */
export function tryExample({ command, expected }, options) {
  const printed = execFileSync('bash', ['-c', command], { ...options, encoding: 'utf8' });
  const output = printed.endsWith('\n') || printed === '' ? printed : `${printed}\n`;
  if (patternOf(expected).test(output)) return;
  throw new Error(`${command}\n--- should print\n${expected.join('\n')}\n--- printed\n${output}`);
}

/** `...` inside a line stands for any text, a line of its own for any lines. */
function patternOf(lines) {
  const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const parts = lines.map((line) =>
    line.trim() === '...' ? '(?:.*\\n)*?' : `${line.split('...').map(escape).join('.*')}\\s*\\n`,
  );
  return new RegExp(`^${parts.join('')}$`);
}
