import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ClientOptions, collect, forServer, withClient } from '../client-command.js';
import type { OgcClient } from '../client/ogc-client.js';
import type { StatusInfo } from '../client/ogc-documents.js';
import { jobTable, jobText } from '../output/job-text.js';
import { print, printJson } from '../output/terminal.js';
import { parseDuration } from '../watch/duration.js';

interface JobsOptions extends ClientOptions {
  readonly status?: readonly string[];
  readonly process?: readonly string[];
  readonly limit: number;
  readonly watch?: boolean;
  readonly timeout?: number;
}

const STATUSES = ['accepted', 'running', 'successful', 'failed', 'dismissed'];

/** `sluice jobs`: the list of jobs, or one job. */
export function addJobsCommand(program: Command): void {
  const command = program
    .command('jobs')
    .description('list jobs, newest first, or show the status of one')
    .argument('[id]', 'job to show')
    .addOption(
      new Option('-s, --status <status>', 'only jobs of this status; repeatable')
        .choices(STATUSES)
        .argParser((value, earlier?: string[]) => {
          if (!STATUSES.includes(value)) throw new InvalidArgumentError(`It must be one of ${STATUSES.join(', ')}.`);
          return collect(value, earlier);
        }),
    )
    .option('--process <id>', 'only jobs of this process; repeatable', collect)
    .option('-n, --limit <number>', 'jobs at most', parseCount, 20)
    .option('-w, --watch', 'with an id: follow the job to its end')
    .option('--timeout <duration>', 'with --watch: give up waiting after a time like 30s, 5m, 1h', parseDuration);
  forServer(command, [
    'sluice jobs',
    'sluice jobs --status failed --status dismissed --limit 50',
    'sluice jobs 01a1fa71-7771-7239-9e30-d8740b26808a --watch',
  ]).action((id: string | undefined, options: JobsOptions) =>
    withClient(options, async (client) => {
      if (id === undefined) return list(client, options);
      if (options.watch) {
        const { watchToEnd } = await import('../watch/watch-to-end.js');
        return watchToEnd(client, id, { ...options, finish: show(options) });
      }
      return show(options)(await client.job(id));
    }),
  );
}

async function list(client: OgcClient, { status, process, limit, json }: JobsOptions): Promise<void> {
  const jobs: StatusInfo[] = [];
  for await (const job of client.jobs({ status, processId: process })) {
    jobs.push(job);
    if (jobs.length === limit) break;
  }
  if (json) printJson({ jobs });
  else print(jobTable(jobs));
}

function show({ json }: ClientOptions) {
  return (job: StatusInfo): void => (json ? printJson(job) : print(jobText(job)));
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(text);
}
