import type { Command, Option } from 'commander';
import { type ClientOptions, collect } from '../client-command.js';
import { suggestFiles } from './file-suggestions.js';
import {
  suggestBlocks,
  suggestBlockTypes,
  suggestInputs,
  suggestJobs,
  suggestProcesses,
  suggestSubscriptions,
} from './server-suggestions.js';
import type { Suggestion } from './suggestion.js';

/** What was typed so far, told apart by the options of the command. */
interface Typed {
  readonly command: Command;
  readonly positionals: readonly string[];
  readonly options: ClientOptions;
  /** The option whose value is being typed. */
  readonly pending?: Option;
}

/**
 * Suggests what the last word may become, from the program itself and, for ids, from the server.
 * @param words what follows `sluice`; the last one is being typed and may be empty
 */
export async function suggest(program: Command, words: readonly string[]): Promise<Suggestion[]> {
  const current = words.at(-1) ?? '';
  const typed = readWords(program, words.slice(0, -1));
  const found = await candidates(typed, current);
  return found.filter(({ value }) => value.startsWith(current));
}

async function candidates(typed: Typed, current: string): Promise<Suggestion[]> {
  const { command, pending, positionals, options } = typed;
  if (pending) return valuesOf(pending, current, options);
  const [, flag, value] = /^(--[^=]+)=(.*)$/s.exec(current) ?? [];
  const assigned = command.options.find(({ long, required }) => long === flag && required);
  if (assigned) {
    const found = await valuesOf(assigned, value, options);
    return found.map((one) => ({ ...one, value: `${flag}=${one.value}` }));
  }
  const help = command.createHelp();
  if (current.startsWith('-')) {
    return help
      .visibleOptions(command)
      .flatMap(({ long, short, description }) =>
        [current.startsWith('--') || current === '-' ? long : short].flatMap((flag) =>
          flag === undefined ? [] : [{ value: flag, hint: firstWords(description) }],
        ),
      );
  }
  if (command.commands.length > 0) {
    return help.visibleCommands(command).map((one) => ({ value: one.name(), hint: firstWords(one.description()) }));
  }
  const argument = command.registeredArguments[Math.min(positionals.length, command.registeredArguments.length - 1)];
  if (argument?.argChoices) return argument.argChoices.map((value) => ({ value }));
  if (command.parent?.name() === 'block') {
    if (command.name() === 'register') return positionals.length === 0 ? suggestBlockTypes(options, '/') : [];
    return ['inspect', 'test', 'delete'].includes(command.name()) ? suggestBlocks(options) : [];
  }
  switch (
    `${command.name()} ${positionals.length === 0 || ['dismiss', 'rm'].includes(command.name()) ? 'id' : 'more'}`
  ) {
    case 'processes id':
    case 'run id':
      return suggestProcesses(options);
    case 'run more':
      return suggestInputs(options, positionals[0], current);
    case 'graph id':
      return [...(await suggestProcesses(options)), ...(await suggestJobs(options))];
    case 'jobs id':
    case 'results id':
    case 'logs id':
    case 'pause id':
    case 'resume id':
    case 'retry id':
    case 'dismiss id':
      return suggestJobs(options);
    case 'upload id':
      return suggestFiles('', current);
    case 'rm id':
    case 'test id':
      return suggestSubscriptions(options);
  }
  return [];
}

function valuesOf(option: Option, current: string, options: ClientOptions): Suggestion[] | Promise<Suggestion[]> {
  if (option.argChoices) return option.argChoices.map((value) => ({ value }));
  if (option.long === '--process') return suggestProcesses(options);
  if (option.long === '--type') return suggestBlockTypes(options);
  return ['--output', '--data-dir', '--module', '--file'].includes(option.long ?? '') ? suggestFiles('', current) : [];
}

function readWords(program: Command, words: readonly string[]): Typed {
  let command = program;
  let pending: Option | undefined;
  const positionals: string[] = [];
  const options: { url?: string; header?: readonly string[] } = {};
  const take = (option: Option, value: string) => {
    if (option.long === '--url') options.url = value;
    if (option.long === '--header') options.header = collect(value, options.header);
  };
  for (const word of words) {
    if (pending) {
      take(pending, word);
      pending = undefined;
    } else if (word.startsWith('-')) {
      const [flag, value] = word.split(/=(.*)/s);
      const option = command.options.find(({ long, short }) => flag === long || flag === short);
      if (option?.required && value === undefined) pending = option;
      else if (option && value !== undefined) take(option, value);
    } else {
      const next = command.commands.find((one) => one.name() === word);
      if (next) command = next;
      else positionals.push(word);
    }
  }
  return { command, positionals, options, pending };
}

function firstWords(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 60);
}
