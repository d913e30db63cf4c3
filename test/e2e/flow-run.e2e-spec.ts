import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { configuration, ping, START } from '../harness/ek60-generator.js';
import { type CommandOptions, type Ended, sluice } from '../harness/command-line.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(60_000);

const MODULE = resolve('test/fixtures/local-processes.mjs');

describe('sluice flow run --local', () => {
  const directory = temporaryDirectory('flow-run');
  const path = (name: string) => join(directory.path, name);
  const scratch = path('tmp');

  beforeAll(() => {
    mkdirSync(scratch);
    writeFileSync(path('survey.raw'), Buffer.concat([configuration([{}]), ping()]));
  });
  afterAll(() => {
    directory.remove();
  });

  /** Without a server and without a database: nothing else runs. */
  const run = (args: string[], options: CommandOptions = {}): Promise<Ended> =>
    sluice(['flow', 'run', ...args, '--local'], { ...options, env: { TMPDIR: scratch, ...options.env } });
  const own = (args: string[], options?: CommandOptions) => run([...args, '--module', MODULE], options);
  const ok = (ended: Ended): Ended => {
    if (ended.code !== 0) throw new Error(`exit code ${ended.code}: ${ended.stderr}`);
    return ended;
  };

  it('prints the result, and the log of each task on standard error', async () => {
    const { stdout, stderr } = ok(await run(['simple-flow', 'name=Ada', 'message=Good day.']));
    expect(stdout).toBe('Hello Ada! Good day.');
    const lines = stderr.trimEnd().split('\n');
    expect(lines.map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'info  [compose greeting] Composed the greeting {"characters":10}',
      'info  [append message] Appended the message {"characters":9}',
    ]);
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('runs inline processes too, and nothing but the result is printed with --json', async () => {
    const { stdout, stderr } = ok(await run(['hello-world', 'name=Ada', '--json']));
    expect(JSON.parse(stdout)).toEqual({ result: 'Hello Ada!' });
    expect(stderr).toBe('');
  });

  it('reads a file where it lies and saves what was made of it', async () => {
    const target = path('survey.nc');
    const args = ['convert-raw-sonar', `rawFile=@${path('survey.raw')}`, '--out', 'converted', '--output', target];
    const { stdout, stderr } = ok(await run(args));
    expect(stdout).toBe(`${target}\n`);
    expect(stderr).toContain('[open raw file] Found 1 pings of 1 channels.');
    expect(stderr).toContain('[save converted file] Converted to survey.nc.');
    expect(readFileSync(target).subarray(1, 4).toString()).toBe('HDF');
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('refuses a format that an output is not offered in before anything runs', async () => {
    const refused = await run(['convert-raw-sonar', `rawFile=@${path('survey.raw')}`, '--out', 'converted=image/png']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('application/x-netcdf, application/zip');
    expect(refused.stderr).not.toContain('[open raw file]');
  });

  it('saves several outputs into a directory', async () => {
    const target = path('converted');
    ok(await run(['convert-raw-sonar', `rawFile=@${path('survey.raw')}`, 'outputType=zarr', '--output', target]));
    expect(readdirSync(target).sort()).toEqual(['converted.zip', 'summary.json']);
    expect(JSON.parse(readFileSync(join(target, 'summary.json'), 'utf8'))).toMatchObject({ pings: 1 });
  });

  it('takes processes from PROCESS_MODULES and --module', async () => {
    expect(ok(await run(['failing', '--help'])).stdout).toContain('--module');
    const outcome = await run(['failing', 'why=because'], { env: { PROCESS_MODULES: MODULE } });
    expect(outcome).toMatchObject({ code: 3, stdout: '' });
    expect(outcome.stderr).toContain('because');
    const missing = await run(['failing', 'why=x', '--module', path('missing.js')]);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain(path('missing.js'));
  });

  describe('input that a flow waits for', () => {
    it('is asked for line by line, until it fits', async () => {
      const lines = ['perhaps', 'true', '12', '', '', 'yes', '3', 'fine', 'netcdf', 'heavy', '1.5'];
      const input = Readable.from([`${lines.join('\n')}\n`]);
      const ended = await own(['asking'], { input });
      // "yes" is no boolean: it is asked again, and gets the next line.
      expect(ended.stderr).toContain('review waits for input: Have a look');
      expect(ended.stderr).toContain('Shall it be published? (boolean): ');
      expect(ended.stderr).toContain('This cannot be "perhaps"');
      expect(ended.stderr).toMatch(/\/copies: /);
      expect(ended.code).toBe(1);
      const again = ['true', '3', '', '', '1.5'];
      const { stdout, stderr } = ok(await own(['asking'], { input: Readable.from([`${again.join('\n')}\n`]) }));
      expect(JSON.parse(stdout)).toEqual([{ approve: true, copies: 3, format: 'zarr' }, 1.5]);
      expect(stderr).toContain('weight waits for input.');
    });

    it('ends the run when nobody answers, with a word about it', async () => {
      const ended = await own(['asking', '--json']);
      expect(ended.code).toBe(1);
      expect(JSON.parse(ended.stdout)).toMatchObject({ exitCode: 1 });
      expect(ended.stderr).toContain('Standard input ended while the flow waits for input.');
    });
  });

  it('runs the processes that a flow executes here as well', async () => {
    const { stdout, stderr } = ok(await own(['calling']));
    expect(JSON.parse(stdout)).toEqual(['Hello Ada!', 'Hello Grace!']);
    expect(stderr.match(/simple-flow\/compose greeting\]/g)).toHaveLength(2);
    const missing = await own(['calling', 'missing=true']);
    expect(missing.code).toBe(3);
    expect(missing.stderr).toContain('There is no process with the id "no-such-process".');
  });

  it('tries a flow again by its own policy, and keeps the steps that succeeded', async () => {
    const { stdout, stderr } = ok(await own(['stubborn']));
    expect(JSON.parse(stdout)).toEqual({ attempts: 3, first: 'number' });
    expect(stderr.match(/runs once/g)).toHaveLength(1);
    expect(stderr).toContain('Attempt 2 failed, another one follows in 100 ms: ');
  });

  it.each([
    ['an unknown process', ['nope'], 2, /No such process \(404\)/],
    ['an input that does not fit', ['simple-flow', 'name='], 2, /- \/inputs\/name: /],
    ['an input that the process does not have', ['simple-flow', 'nme=x'], 1, /no input "nme"/],
    ['a file that is missing', ['convert-raw-sonar', 'rawFile=@/missing.raw'], 1, /missing\.raw cannot be read/],
    ['an output that the process does not have', ['simple-flow', 'name=x', '--out', 'y'], 1, /no output "y"/],
  ])('ends for %s as "run" does', async (_, args, code, message) => {
    const ended = await run(args);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toMatch(message);
  });

  it('ends with 3 and the problem when the process fails', async () => {
    const ended = await own(['failing', 'why=no luck', '--json']);
    expect(ended.code).toBe(3);
    expect(JSON.parse(ended.stdout)).toMatchObject({ exitCode: 3, problem: { status: 500, detail: 'no luck' } });
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('ends with 5 when its time is over, and the run with it', async () => {
    const ended = await own(['lasting', '--timeout', '3s']);
    expect(ended.code).toBe(5);
    expect(ended.stderr).toContain('Gave up waiting after 3 s.');
  });

  it('ends with 130 on Ctrl-C, and the run with it', async () => {
    let pressed = false;
    const ended = await own(['lasting'], {
      onStderr: (soFar, interrupt) => {
        if (pressed || !soFar.includes('waiting')) return;
        pressed = true;
        interrupt();
      },
    });
    expect(ended.code).toBe(130);
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('keeps files that nobody wanted saved, and says where', async () => {
    const power = Array.from({ length: 5_000 }, (_, sample) => ((sample * 7_919) % 60_000) - 30_000);
    const pings = Array.from({ length: 20 }, (_, row) => ping({ power, time: START + BigInt(row) * 1_000_000_000n }));
    const recording = Buffer.concat([configuration([{}]), ...pings]);
    writeFileSync(path('longer.raw'), recording);
    const { stdout, stderr } = ok(await run(['convert-raw-sonar', `rawFile=@${path('longer.raw')}`, '--json']));
    const { converted } = JSON.parse(stdout) as { converted: { href: string } };
    expect(existsSync(new URL(converted.href))).toBe(true);
    expect(stderr).toContain(`The files are in ${scratch}`);
  });

  it('is completed: the command, its options, and the files of --module', async () => {
    const complete = async (...words: string[]) =>
      (await sluice(['complete', '--', ...words])).stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t')[0]);
    expect(await complete('fl')).toEqual(['flow']);
    expect(await complete('flow', '')).toEqual(['run', 'help']);
    expect(await complete('flow', 'run', '--l')).toEqual(['--local']);
    expect(await complete('flow', 'run', 'x', '--module', path('survey.r'))).toEqual([path('survey.raw')]);
  });
});
