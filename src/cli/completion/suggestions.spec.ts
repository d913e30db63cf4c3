import { describe, expect, it } from '@jest/globals';
import { createProgram } from '../program.js';
import { suggest } from './suggestions.js';

async function values(...words: string[]): Promise<string[]> {
  return (await suggest(createProgram(), words)).map(({ value }) => value);
}

describe(suggest.name, () => {
  it('offers the commands, but not the hidden one', async () => {
    expect(await values('')).toEqual(expect.arrayContaining(['serve', 'run', 'jobs', 'completion']));
    expect(await values('comp')).toEqual(['completion']);
  });

  it('offers the commands of a command', async () => {
    expect(await values('subscriptions', '')).toEqual(expect.arrayContaining(['ls', 'add', 'rm', 'test']));
    expect(await values('subscriptions', 'add', '--ev')).toEqual(['--event']);
  });

  it('offers the commands of blocks and their options', async () => {
    expect(await values('block', '')).toEqual(
      expect.arrayContaining(['types', 'ls', 'register', 'inspect', 'test', 'delete']),
    );
    expect(await values('block', 'register', '--re')).toEqual(['--replace']);
    expect(await values('block', 'register', 'json/a', '--file', 'src/cl')).toEqual(['src/cli.ts', 'src/cli/']);
    expect(await values('upload', 'src/cl')).toEqual(['src/cli.ts', 'src/cli/']);
  });

  it('offers the options of flow run, and files for its modules', async () => {
    expect(await values('flow', '')).toContain('run');
    expect(await values('flow', 'run', '--lo')).toEqual(['--local']);
    expect(await values('flow', 'run', 'p', '--local', '-m', 'src/cl')).toEqual(['src/cli.ts', 'src/cli/']);
  });

  it('offers options of the command at hand', async () => {
    expect(await values('run', '--dis')).toEqual(['--dismiss-on-interrupt']);
    expect(await values('jobs', '--fo')).toEqual([]);
  });

  it('offers the fixed values of options and arguments', async () => {
    expect(await values('jobs', '--status', 'd')).toEqual(['dismissed']);
    expect(await values('jobs', '--status=f')).toEqual(['--status=failed']);
    expect(await values('run', '--output=src/cl')).toEqual(['--output=src/cli.ts', '--output=src/cli/']);
    expect(await values('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  it('offers files after @ and for --output', async () => {
    expect(await values('run', 'p', 'a=@src/cli/pro')).toEqual(['a=@src/cli/program.ts']);
    expect(await values('run', '-o', 'src/cl')).toEqual(['src/cli.ts', 'src/cli/']);
  });

  it('offers nothing when the server cannot be reached', async () => {
    expect(await values('run', '--url', 'http://127.0.0.1:1', '')).toEqual([]);
  });
});
