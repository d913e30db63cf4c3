import { CommanderError } from 'commander';
import { UsageError } from './cli-error.js';

/**
 * Ends the program when its arguments led to no command: after a help or a version that was asked for, or with a usage
 * error. What is wrong was said on standard error already; with `--json` a document on standard output says it too.
 * @param words after the name of the program
 * @throws what is no error of the arguments
 */
export function endOfParsing(error: unknown, words: readonly string[]): void {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode;
  if (error.exitCode === 0 || !asksForJson(words)) return;
  const message = error.message.replace(/^error: /, '').replace(/^\(outputHelp\)$/, 'A command is missing.');
  process.stdout.write(`${JSON.stringify(new UsageError(message), undefined, 2)}\n`);
}

/** Whether `--json` is among the words that may be options. */
function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end < 0 ? undefined : end).includes('--json');
}
