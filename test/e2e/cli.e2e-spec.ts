import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../harness/backends.js';
import { Client } from '../harness/client.js';
import { type CommandOptions, type Ended, sluice } from '../harness/command-line.js';
import { Service } from '../harness/service.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(60_000);

const POINT = { type: 'Point', coordinates: [10, 50] };
const FIXTURES = ['probe-processes.mjs', 'feature-processes.mjs', 'control-processes.mjs']
  .map((file) => resolve('test/fixtures', file))
  .join(',');
const MISSING_JOB = '00000000-0000-4000-8000-000000000000';

describe('sluice against the service', () => {
  const directory = temporaryDirectory('cli');
  let service: Service;
  let client: Client;

  const path = (name: string) => join(directory.path, name);
  const run = (args: string[], options: CommandOptions = {}): Promise<Ended> =>
    sluice(args, { ...options, env: { SLUICE_URL: service.url(), ...options.env } });
  const json = <T>({ stdout }: Ended): T => JSON.parse(stdout) as T;
  const ok = (outcome: Ended): Ended => {
    if (outcome.code !== 0) throw new Error(`exit code ${outcome.code}: ${outcome.stderr}`);
    return outcome;
  };
  /** The id in "Job <id> accepted". */
  const jobIn = (stderr: string): string | undefined => /^Job (\S+) /m.exec(stderr)?.[1];

  beforeAll(async () => {
    service = await Service.start({
      DATA_DIR: path('data'),
      PROCESS_MODULES: FIXTURES,
    });
    client = new Client(service.url());
    writeFileSync(path('point.json'), JSON.stringify(POINT));
  }, 120_000);
  afterAll(async () => {
    await service?.stop();
    directory.remove();
  });

  describe('processes', () => {
    it('lists them for people and for programs', async () => {
      expect(ok(await run(['processes'])).stdout).toMatch(
        /^ID +VERSION +TITLE\n(.*\n)*hello-world +1\.0\.0 +Hello, world$/m,
      );
      const { processes } = json<{ processes: { id: string }[] }>(ok(await run(['processes', '--json'])));
      expect(processes.map(({ id }) => id)).toContain('hello-world');
    });

    it('describes one, with a command that runs it', async () => {
      const { stdout } = ok(await run(['processes', 'buffer']));
      expect(stdout).toMatch(/^ {2}distance +number +required/m);
      expect(stdout).toContain('sluice run buffer geometry=@FILE distance=NUMBER');
    });

    it('ends with 2 and the problem when there is none of that id', async () => {
      const outcome = await run(['processes', 'nope', '--json']);
      expect(outcome.code).toBe(2);
      expect(json(outcome)).toMatchObject({ exitCode: 2, problem: { status: 404, title: 'No such process' } });
      expect(outcome.stderr).toMatch(/^Error: No such process \(404\)$/m);
    });
  });

  describe('run', () => {
    it('prints the raw result and nothing else on standard output', async () => {
      expect(await run(['run', 'hello-world', 'name=Ada'])).toEqual({ code: 0, stdout: 'Hello Ada!', stderr: '' });
    });

    it('prints the results document with --json', async () => {
      const outcome = ok(
        await run(['run', 'echo', 'stringInput=7', 'arrayInput=1', 'arrayInput=2', 'bboxInput=1,2,3,4', '--json']),
      );
      expect(json(outcome)).toEqual({ stringInput: '7', arrayInput: [1, 2], bboxInput: { bbox: [1, 2, 3, 4] } });
    });

    it('sends a file and writes the result to a file', async () => {
      const target = path('buffered.geojson');
      const outcome = ok(
        await run(['run', 'buffer', `geometry=@${path('point.json')}`, 'distance=100', '--output', target]),
      );
      expect(outcome.stdout).toBe(`${target}\n`);
      expect(JSON.parse(readFileSync(target, 'utf8'))).toHaveProperty('type', 'Polygon');
    });

    it('reads an input from standard input', async () => {
      const input = Readable.from([JSON.stringify(POINT)]);
      expect(json(ok(await run(['run', 'buffer', 'geometry=@-', 'distance=1'], { input })))).toHaveProperty(
        'type',
        'Polygon',
      );
    });

    it('writes several outputs into a directory', async () => {
      const target = path('echoed');
      const args = ['run', 'echo', 'stringInput=hi', 'arrayInput=1,2', '--output', target, '--json'];
      const { files } = json<{ files: Record<string, string> }>(ok(await run(args)));
      expect(readFileSync(files.stringInput, 'utf8')).toBe('hi');
      expect(JSON.parse(readFileSync(files.arrayInput, 'utf8'))).toEqual([1, 2]);
    });

    it('prints one output of several with --out', async () => {
      expect(ok(await run(['run', 'echo', 'stringInput=hi', 'arrayInput=1,2', '--out', 'arrayInput'])).stdout).toBe(
        '[1,2]',
      );
    });

    it('prints the id of the job with --async, and leaves it running', async () => {
      const { stdout, stderr } = ok(await run(['run', 'hello-world', 'name=Ada', '--async']));
      expect(stderr).toContain(`${service.url()}/jobs/${stdout.trim()}`);
      expect((await client.ended(stdout.trim())).status).toBe('successful');
    });

    it('shows the log of a watched job, then its result', async () => {
      const { stdout, stderr } = ok(await run(['run', 'chatty', 'lines=3', '--watch']));
      expect(JSON.parse(stdout)).toBe('yes');
      expect(stderr.match(/line \d/g)).toEqual(['line 1', 'line 2', 'line 3']);
    });

    it('sends a file in advance, and refers to it', async () => {
      writeFileSync(path('pair.json'), '[3, 4]');
      const { stdout } = ok(await run(['upload', path('pair.json')]));
      expect(stdout).toMatch(/^upload:[0-9a-f-]{36}\n$/);
      const echoed = await run(['run', 'echo', 'stringInput=a', `arrayInput=@${stdout.trim()}`, '--json']);
      expect(json(ok(echoed))).toMatchObject({ arrayInput: [3, 4] });
      const sent = json<{ name: string; mediaType: string; size: number }>(
        ok(await run(['upload', '-', '--name', 'a.txt', '--json'], { input: Readable.from(['ab']) })),
      );
      expect(sent).toMatchObject({ name: 'a.txt', mediaType: 'text/plain', size: 2 });
      const text = (await run(['upload', '-', '--media-type', 'text/csv', '--json'], { input: Readable.from(['a,b']) }))
        .stdout;
      expect(JSON.parse(text)).toMatchObject({ mediaType: 'text/csv', size: 3 });
      expect((await run(['upload', path('missing.json')])).code).toBe(1);
    });

    it('streams a large result of a job to a file', async () => {
      const target = path('large.bin');
      ok(await run(['run', 'writer', 'bytes=3000001', '--watch', '--output', target]));
      const block = Buffer.alloc(65_536, 'sluice');
      const expected = Buffer.concat(Array<Buffer>(46).fill(block)).subarray(0, 3_000_001);
      // Compared as bytes: a matcher would take minutes to print a difference.
      expect(readFileSync(target).equals(expected)).toBe(true);
    });

    it('repeats every error of the problem with its pointer, and ends with 2', async () => {
      const outcome = await run(['run', 'hello-world', 'nme:=1']);
      expect(outcome).toMatchObject({ code: 2, stdout: '' });
      expect(outcome.stderr).toMatch(/^Error: Invalid parameter value \(400\)$/m);
      expect(outcome.stderr).toMatch(/^ {2}- \/inputs\/nme: /m);
      expect(outcome.stderr).toMatch(/^ {2}- \/inputs\/name: /m);
    });

    it.each([
      [['run', 'hello-world', 'nme=x'], /no input "nme"/],
      [['run', 'hello-world', 'name=x', '--out', 'nope'], /no output "nope"/],
      [['run', 'buffer', 'distance=far'], /"distance" cannot be "far"/],
      [['run'], /missing required argument/],
      [['run', 'x', '--timeout', 'soon'], /time like 30s/],
      [['jobs', '--status', 'lost'], /must be one of accepted/],
      [['proceses'], /Did you mean processes/],
    ])('ends with 1 for wrong usage: %j', async (args, message) => {
      const outcome = await run(args);
      expect(outcome).toMatchObject({ code: 1, stdout: '' });
      expect(outcome.stderr).toMatch(message);
    });

    it('ends with 3 and the reason when the job failed', async () => {
      const outcome = await run(['run', 'chatty', 'lines=1', 'reject=not today', '--watch', '--json']);
      expect(outcome.code).toBe(3);
      expect(json(outcome)).toMatchObject({ exitCode: 3, job: { status: 'failed' } });
      expect(outcome.stderr).toContain('not today');
    });

    it('ends with 3 and names the job when a synchronous execution that left one failed', async () => {
      const outcome = await run(['run', 'chatty', 'lines=1', 'fail=on purpose', '--json']);
      expect(outcome.code).toBe(3);
      const { job, ...rest } = json<{ job: { jobID: string; status: string } }>(outcome);
      expect(rest).toMatchObject({ exitCode: 3, problem: { status: 500, detail: 'on purpose' } });
      expect(job).toMatchObject({ status: 'failed', processID: 'chatty' });
      expect(outcome.stderr).toContain(`Job ${job.jobID} failed.`);
      const bare = await run(['run', 'assorted-bare', 'fail=on purpose', '--json']);
      expect([bare.code, json<object>(bare)]).toEqual([2, expect.not.objectContaining({ job: expect.anything() })]);
    });

    it('ends with 4 when the job was dismissed by somebody else', async () => {
      let asked = false;
      const outcome = await run(['run', 'sleeper', 'ms=600000', '--watch'], {
        onStderr: (soFar) => {
          const jobId = jobIn(soFar);
          if (jobId === undefined || asked) return;
          asked = true;
          void client.dismiss(jobId);
        },
      });
      expect(outcome.code).toBe(4);
    });

    it('ends with 5 when the time is over, and the job goes on', async () => {
      const outcome = await run(['run', 'sleeper', 'ms=600000', '--watch', '--timeout', '1s']);
      expect(outcome.code).toBe(5);
      const jobId = jobIn(outcome.stderr)!;
      expect(outcome.stderr).toContain(`sluice jobs ${jobId} --watch`);
      expect(['accepted', 'running']).toContain((await client.status(jobId)).status);
      await client.dismiss(jobId);
    });

    it('ends with 130 on Ctrl-C, and the job goes on', async () => {
      const outcome = await run(['run', 'sleeper', 'ms=600000', '--watch'], { onStderr: interruptOnce() });
      expect(outcome.code).toBe(130);
      const jobId = jobIn(outcome.stderr)!;
      expect(['accepted', 'running']).toContain((await client.status(jobId)).status);
      await client.dismiss(jobId);
    });

    it('says how to find the job of a synchronous run that is no longer waited for', async () => {
      const outcome = await run(['run', 'sleeper', 'ms=600000', '--timeout', '1s']);
      expect(outcome.code).toBe(5);
      expect(outcome.stderr).toMatch(/^Error: Gave up waiting after 1 s\.$/m);
      const [, advised] = /"sluice (jobs --process sleeper [^"]+)"/.exec(outcome.stderr)!;
      const { jobs } = json<{ jobs: { jobID: string; status: string }[] }>(
        ok(await run([...advised.split(' '), '--json'])),
      );
      expect(jobs[0].status).toBe('running');
      await client.dismiss(jobs[0].jobID);
    });

    it('dismisses the job on Ctrl-C with --dismiss-on-interrupt', async () => {
      const args = ['run', 'sleeper', 'ms=600000', '--watch', '--dismiss-on-interrupt'];
      const outcome = await run(args, { onStderr: interruptOnce() });
      expect(outcome.code).toBe(4);
      expect((await client.status(jobIn(outcome.stderr)!)).status).toBe('dismissed');
    });

    /** Interrupts as soon as there is a job. */
    function interruptOnce(): NonNullable<CommandOptions['onStderr']> {
      let done = false;
      return (soFar, interrupt) => {
        if (done || jobIn(soFar) === undefined) return;
        done = true;
        interrupt();
      };
    }
  });

  describe('jobs, logs, results and dismiss', () => {
    let greeted: string;
    let failed: string;

    beforeAll(async () => {
      greeted = await client.submit('hello-world', { name: 'Ada' });
      failed = await client.submit('chatty', { lines: 2, fail: 'broken' });
      await client.ended(greeted);
      await client.ended(failed);
    });

    it('shows a job', async () => {
      expect(ok(await run(['jobs', greeted])).stdout).toMatch(/^Status +successful$/m);
      expect(json(ok(await run(['jobs', greeted, '--json'])))).toMatchObject({ jobID: greeted, status: 'successful' });
    });

    it('lists jobs by status and process, as many as asked for', async () => {
      const args = ['jobs', '--status', 'failed', '--process', 'chatty', '--json'];
      const { jobs } = json<{ jobs: { jobID: string; status: string }[] }>(ok(await run(args)));
      expect(jobs.map(({ jobID }) => jobID)).toContain(failed);
      expect(new Set(jobs.map(({ status }) => status))).toEqual(new Set(['failed']));
      const few = json<{ jobs: unknown[] }>(ok(await run(['jobs', '--limit', '2', '--json'])));
      expect(few.jobs).toHaveLength(2);
    });

    it('prints the log as lines, and as one document per line', async () => {
      expect(ok(await run(['logs', failed])).stdout.match(/line \d/g)).toEqual(['line 1', 'line 2']);
      const lines = ok(await run(['logs', failed, '--json']))
        .stdout.trim()
        .split('\n');
      expect((JSON.parse(lines[0]) as { message: string }).message).toBe('line 1');
    });

    it('follows a log to the end of the job', async () => {
      const jobId = await client.submit('chatty', { lines: 5 });
      expect(ok(await run(['logs', jobId, '--follow'])).stdout.match(/line \d/g)).toHaveLength(5);
    });

    it('ends with 3 and the reason when the job whose log it follows has failed', async () => {
      const outcome = await run(['logs', failed, '--follow', '--json']);
      expect(outcome.code).toBe(3);
      expect(outcome.stderr).toContain('broken');
      const documents = outcome.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object);
      expect(documents[0]).toMatchObject({ message: 'line 1' });
      expect(documents.at(-1)).toMatchObject({ exitCode: 3, job: { jobID: failed, status: 'failed' } });
    });

    it('prints and saves results', async () => {
      expect(ok(await run(['results', greeted])).stdout).toBe('Hello Ada!');
      expect(json(ok(await run(['results', greeted, '--json'])))).toMatchObject({ result: expect.anything() });
      ok(await run(['results', greeted, '--output', `${path('greeted')}/`]));
      expect(readFileSync(path('greeted/result.txt'), 'utf8')).toBe('Hello Ada!');
      expect(ok(await run(['results', greeted, '--out', 'result'])).stdout).toBe('Hello Ada!');
    });

    /** A finished job of `assorted`. */
    const assorted = async (outputs: object, response: string) => {
      const answer = await client.execute('assorted', { outputs, response }, { prefer: 'respond-async' });
      const { jobID } = (await answer.json()) as { jobID: string };
      await client.ended(jobID);
      return jobID;
    };

    it('shows the results of every form of job as one document, by output', async () => {
      const raw = await assorted({ list: {}, text: {} }, 'raw');
      const reference = { transmissionMode: 'reference' };
      const linked = await assorted({ list: reference, text: reference }, 'raw');
      expect(json(ok(await run(['results', raw, '--json'])))).toEqual({ list: [10, 20, 30], text: expect.anything() });
      const { list, text } = json<Record<string, { href: string }>>(ok(await run(['results', linked, '--json'])));
      expect([list.href, text.href]).toEqual([
        expect.stringContaining(`${service.url()}/jobs/${linked}/results/list?expires=`),
        expect.stringContaining(`${service.url()}/jobs/${linked}/results/text?expires=`),
      ]);
      expect(ok(await run(['results', raw])).stdout).toContain('text: some text');
    });

    it('ends with 2 and writes nothing for an output that the job does not have', async () => {
      const reference = await assorted({ list: { transmissionMode: 'reference' } }, 'raw');
      const several = await assorted({ list: {}, data: {} }, 'raw');
      const single = await assorted({ list: {} }, 'raw');
      for (const jobId of [reference, several, single]) {
        const target = path(`missing-${jobId}`);
        for (const rest of [['--output', target], ['--json'], []]) {
          const outcome = await run(['results', jobId, '--out', 'text', ...rest]);
          expect(outcome.code).toBe(2);
          if (!rest.includes('--json')) expect(outcome.stdout).toBe('');
          expect(outcome.stderr).toMatch(/\(404\)/);
        }
        expect(existsSync(target)).toBe(false);
      }
    });

    it('ends with 2 for the results of a failed job, and says why it failed', async () => {
      const outcome = await run(['results', failed]);
      expect(outcome.code).toBe(2);
      expect(outcome.stderr).toMatch(/^Error: .*\(500\)$/m);
    });

    it('dismisses jobs, and says what became of each', async () => {
      const [stopped, finished] = [
        await client.submit('sleeper', { ms: 600_000 }),
        await client.submit('hello-world', { name: 'Ada' }),
      ];
      await client.ended(finished);
      expect(
        ok(await run(['dismiss', stopped, finished, stopped]))
          .stdout.trim()
          .split('\n'),
      ).toEqual([
        `${stopped}: The job was dismissed`,
        `${finished}: The job was removed with its outputs`,
        `${stopped}: The job was removed with its outputs`,
      ]);
      const jobId = await client.submit('sleeper', { ms: 600_000 });
      expect(json<{ jobs: unknown[] }>(ok(await run(['dismiss', jobId, '--json']))).jobs).toMatchObject([
        { jobID: jobId, status: 'dismissed' },
      ]);
      expect((await run(['dismiss', MISSING_JOB])).code).toBe(2);
    });

    /** A job that waits for an answer. */
    const asking = async (): Promise<string> => {
      const jobId = await client.submit('asking', {});
      await eventually(
        async () => (await client.getJson<{ inputRequests?: unknown }>(`/jobs/${jobId}`)).inputRequests,
        `job ${jobId} asks`,
      );
      return jobId;
    };

    it('pauses a job, lets it go on and answers what it asks for', async () => {
      const jobId = await asking();
      expect(ok(await run(['pause', jobId])).stdout).toContain(jobId);
      expect(json(ok(await run(['pause', jobId, '--json'])))).toMatchObject({
        jobID: jobId,
        state: { name: 'Paused' },
      });
      expect(json(ok(await run(['resume', jobId, '--json'])))).toMatchObject({
        jobID: jobId,
        status: expect.stringMatching(/accepted|running/) as unknown,
      });
      const wrong = await run(['resume', jobId, 'n:="two"']);
      expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('/input/n') as unknown });
      expect((await run(['resume', jobId, 'n=2', '--input', '{"n":2}'])).code).toBe(1);
      ok(await run(['resume', jobId, '--task', 'how-many', 'n=2']));
      expect((await client.ended(jobId)).status).toBe('successful');
      expect(json(ok(await run(['results', jobId, '--json'])))).toEqual({ sum: 42 });
      expect((await run(['pause', jobId])).code).toBe(2);
    });

    it('says whom a job waits for, in its text and while it is watched, and how to answer', async () => {
      const how = (jobId: string) => `sluice resume ${jobId} --task how-many n=...`;
      const jobId = await asking();
      expect(ok(await run(['jobs', jobId])).stdout).toContain(how(jobId));
      await client.dismiss(jobId);
      let answered: Promise<Response> | undefined;
      const { stdout, stderr } = ok(
        await run(['run', 'asking', '--watch'], {
          onStderr: (soFar) => {
            const [, asks] = /sluice resume (\S+) --task how-many n=/.exec(soFar) ?? [];
            if (asks === undefined) return;
            answered ??= client.fetch(`/jobs/${asks}/resume`, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: '{"input": {"n": 2}}',
            });
          },
        }),
      );
      expect((await answered)?.status).toBe(200);
      expect(JSON.parse(stdout)).toEqual(42);
      expect(stderr.match(/waits for an answer/g)).toHaveLength(1);
    });

    it('answers with JSON from a file', async () => {
      const jobId = await asking();
      writeFileSync(path('answer.json'), '{"n": 1}');
      ok(await run(['resume', jobId, '--input', `@${path('answer.json')}`]));
      expect((await client.ended(jobId)).status).toBe('successful');
    });

    it('repeats a job from what failed, from a step and from its start, and prints the new one', async () => {
      const journal = path('repeated');
      const steps = () => readFileSync(journal, 'utf8').trim().split('\n');
      const first = await client.submit('failing', { journal, fails: true });
      expect((await client.ended(first)).status).toBe('failed');
      expect(steps()).toEqual(['one', 'two']);
      for (const [options, again] of [
        [[], ['two']],
        [
          ['--from', 'one'],
          ['one', 'two'],
        ],
        [['--from-start'], ['one', 'two']],
      ]) {
        writeFileSync(journal, '');
        const next = ok(await run(['retry', first, ...options])).stdout.trim();
        expect(next).not.toBe(first);
        await client.ended(next);
        expect(steps()).toEqual(again);
      }
      expect((await run(['retry', first, '--from', 'one', '--from-start'])).code).toBe(1);
      expect((await run(['retry', MISSING_JOB])).code).toBe(2);
    });

    it('ends with 3 when the job it watches has failed', async () => {
      expect((await run(['jobs', failed, '--watch'])).code).toBe(3);
    });
  });

  it('prints the same OpenAPI document that the service answers', async () => {
    const served: unknown = await (await client.get('/api', { accept: 'application/json' })).json();
    const env = { PROCESS_MODULES: FIXTURES };
    expect(json(ok(await run(['openapi', '--server-url', service.url()], { env })))).toEqual(served);
  });

  it.each([
    ['sluice comp', ['completion']],
    ['sluice run hello', ['hello-world']],
    ['sluice run buffer dist', ['distance=']],
    ['sluice run hello-world --output=test/fixt', ['test/fixtures/']],
    ['sluice jobs --status=f', ['failed']],
    ['sluice jobs --status d', ['dismissed']],
  ])('completes "%s" in bash', async (line, expected) => {
    const script = `
      sluice() { "$NODE" dist/src/cli.js "$@"; }
      source <(sluice completion bash)
      COMP_LINE=$1 COMP_POINT=\${#1}
      "$(complete -p sluice | sed 's/.*-F \\([^ ]*\\) .*/\\1/')"
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, NODE: process.execPath, SLUICE_URL: service.url() };
    const { stdout } = await promisify(execFile)('bash', ['-c', script, 'bash', line], { env });
    expect(stdout.split('\n').filter(Boolean)).toEqual(expected);
  });

  it('suggests process ids, inputs and jobs of the server to shells', async () => {
    expect(ok(await run(['complete', '--', 'run', 'hello'])).stdout).toBe('hello-world\tHello, world\n');
    expect(ok(await run(['complete', '--', 'run', 'buffer', 'dist'])).stdout).toBe('distance=\tnumber\n');
  });
});

describe('sluice without a server', () => {
  it('says its version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await sluice(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([
    [['run', '--json'], /missing required argument 'process'/],
    [['jobs', '--json', '--status', 'lost'], /It must be one of/],
    [['nothing', '--json'], /unknown command 'nothing'/],
    [['serve', '--json', '--nothing'], /unknown option '--nothing'/],
    [['completion', 'tcsh', '--json'], /Allowed choices/],
  ])('answers wrong usage with one document: %j', async (args, message) => {
    const { code, stdout, stderr } = await sluice(args);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ exitCode: 1, message: expect.stringMatching(message) });
    expect(stderr).toMatch(message);
  });

  it.each(['serve', 'worker', 'migrate'])('%s --json says in JSON why it cannot start', async (command) => {
    const { code, stdout, stderr } = await sluice([command, '--json'], { env: { LEASE: 'soon' } });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ exitCode: 1, message: expect.stringContaining('LEASE') });
    expect(stderr).toContain('LEASE');
  });

  it('explains a refused connection and what to do, and ends with 1', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const outcome = await sluice(['processes', '--url', `http://127.0.0.1:${port}`]);
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toMatch(/connection was refused\.\n.*sluice serve.*--url/);
  });

  it('shows examples and exit codes in the help of every client command', async () => {
    for (const command of [
      'processes',
      'run',
      'jobs',
      'results',
      'logs',
      'pause',
      'resume',
      'retry',
      'upload',
      'dismiss',
    ]) {
      const { code, stdout } = await sluice([command, '--help']);
      expect(code).toBe(0);
      expect(stdout).toMatch(/Examples:\n {2}\$ sluice/);
      expect(stdout).toMatch(/^ {2}3 +the job failed$/m);
    }
  });

  it('prints the OpenAPI document without opening a database', async () => {
    // Nothing listens there, so that opening it would fail.
    const env = { DATABASE_URL: 'postgres://127.0.0.1:1/none', REDIS_URL: 'redis://127.0.0.1:1' };
    const { code, stdout } = await sluice(['openapi', '--server-url', 'https://example.org/ogc'], { env });
    expect(code).toBe(0);
    const document = JSON.parse(stdout) as { paths: object; servers: unknown };
    expect(document.servers).toEqual([{ url: 'https://example.org/ogc' }]);
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/processes', '/jobs', '/api']));
  });

  it.each(['bash', 'zsh', 'fish'])('prints a completion script for %s', async (shell) => {
    const { code, stdout } = await sluice(['completion', shell]);
    expect(code).toBe(0);
    expect(stdout).toContain('sluice complete --');
    const asJson = await sluice(['completion', shell, '--json']);
    expect(JSON.parse(asJson.stdout)).toEqual({ shell, script: stdout });
  });
});

describe('sluice against another server', () => {
  interface Seen {
    readonly method: string;
    readonly path: string;
    readonly headers: IncomingMessage['headers'];
  }
  let server: Server;
  let base: string;
  let seen: Seen[];
  let polls: number;

  /**
   * As little as 1.0 allows: below a path, no logs, no single results, no job in the body of the 201, links that name
   * another host, and a key that every request needs.
   */
  function answer(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? '';
    seen.push({ method: request.method!, path: url, headers: request.headers });
    const reply = (status: number, body: unknown, headers: Record<string, string> = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    };
    request.resume();
    if (request.headers['x-api-key'] !== 's3cret') return reply(401, { code: 'Unauthorized', description: 'no key' });
    switch (`${request.method} ${url.split('?', 1)[0]}`) {
      case 'GET /ogc/processes':
        return url.includes('page=2')
          ? reply(200, { processes: [{ id: 'second' }], links: [] })
          : reply(200, {
              processes: [{ id: 'first', title: 'First' }],
              links: [{ rel: 'next', href: 'http://inside.invalid/processes?page=2' }],
            });
      case 'GET /ogc/processes/first':
        return reply(200, { id: 'first', inputs: { n: { schema: { type: 'integer' } } }, outputs: { a: {}, b: {} } });
      case 'POST /ogc/processes/first/execution':
        return reply(201, undefined, { location: 'http://inside.invalid/jobs/j%201' });
      case 'GET /ogc/jobs/j%201':
        polls += 1;
        return polls === 1
          ? reply(503, { title: 'Busy' }, { 'retry-after': '0' })
          : reply(200, { jobID: 'j 1', status: polls < 4 ? 'running' : 'successful', type: 'process' });
      case 'GET /ogc/jobs/j%201/results':
        return reply(200, { a: { value: 'QUJD', encoding: 'base64', mediaType: 'image/png' }, b: 5 });
    }
    return reply(404, { title: 'Not found' });
  }

  beforeAll(async () => {
    server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ogc/`;
  });
  afterAll(() => void server.close());

  const run = (...args: string[]) => {
    seen = [];
    polls = 0;
    return sluice([...args, '--url', base, '-H', 'X-API-Key: s3cret']);
  };

  it('reads all pages, below the path it was given', async () => {
    const { code, stdout } = await run('processes', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ processes: [{ id: 'first', title: 'First' }, { id: 'second' }] });
  });

  it('watches a job over an outage, without logs, and finds it by the Location alone', async () => {
    const { code, stdout, stderr } = await run('run', 'first', 'n=1', '--watch', '--json');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ a: { value: 'QUJD', encoding: 'base64', mediaType: 'image/png' }, b: 5 });
    expect(seen.find(({ method }) => method === 'POST')?.headers).toMatchObject({ prefer: 'respond-async' });
  });

  it.each([[[]], [['--follow']]])(
    'ends with 2 and the problem for a log that the server does not have (%j)',
    async (rest) => {
      const { code, stdout, stderr } = await run('logs', 'j 1', ...rest);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^Error: Not found \(404\)$/m);
    },
  );

  it('waits for the job when the server has no synchronous execution', async () => {
    const { code, stdout } = await run('run', 'first', 'n=1');
    expect(code).toBe(0);
    expect(stdout).toBe('a: 3 bytes of image/png (--output DIRECTORY saves them)\nb: 5\n');
    expect(seen.find(({ method }) => method === 'POST')?.headers).not.toHaveProperty('prefer');
  });

  it('takes an output out of the document where outputs have no address of their own', async () => {
    const directory = temporaryDirectory('cli-other');
    const target = join(directory.path, 'a.png');
    polls = 9;
    const { code } = await sluice(['results', 'j 1', '--out', 'a', '--output', target, '--url', base], {
      env: { SLUICE_HEADERS: 'X-API-Key: s3cret' },
    });
    expect(code).toBe(0);
    expect(readFileSync(target, 'utf8')).toBe('ABC');
    directory.remove();
  });

  it('says how to send credentials, and never prints them', async () => {
    const refused = await sluice(['processes', '--url', base, '-H', 'X-API-Key: wr0ng']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/Unauthorized \(401\)\n {2}no key\n.*-H/);
    expect(refused.stdout + refused.stderr).not.toContain('wr0ng');
    const malformed = await sluice(['processes', '--url', base, '-H', 'wr0ng']);
    expect(malformed.code).toBe(1);
    expect(malformed.stdout + malformed.stderr).not.toContain('wr0ng');
  });
});
