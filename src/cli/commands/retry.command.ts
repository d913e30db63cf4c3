import type { Command } from 'commander';
import { UsageError } from '../cli-error.js';
import { type ClientOptions, forServer, withClient } from '../client-command.js';
import { jobIdOf } from '../client/ogc-documents.js';
import { print, printJson } from '../output/terminal.js';

interface RetryOptions extends ClientOptions {
  readonly from?: string;
  readonly fromStart?: boolean;
}

/** `sluice retry`: repeats a job that has ended, as a new job. */
export function addRetryCommand(program: Command): void {
  const command = program
    .command('retry')
    .description('repeat a job that has ended, from what failed; prints the id of the new job')
    .argument('<job>', 'id of the job')
    .option('--from <task>', 'key of the step to begin with, as /jobs/{id}/tasks lists it')
    .option('--from-start', 'take nothing over');
  forServer(command, [
    'sluice retry 01a1fa71-7771-7239-9e30-d8740b26808a',
    "sluice retry 01a1fa71-7771-7239-9e30-d8740b26808a --from 'save converted file'",
    'sluice jobs "$(sluice retry 01a1fa71-7771-7239-9e30-d8740b26808a)" --watch',
  ]).action((jobId: string, { from: task, fromStart, ...options }: RetryOptions) =>
    withClient(options, async (client) => {
      if (task !== undefined && fromStart) throw new UsageError('--from and --from-start exclude each other.');
      const start =
        task === undefined ? ({ from: fromStart ? 'start' : 'failure' } as const) : { from: 'task' as const, task };
      const job = await client.retry(jobId, start);
      if (options.json) printJson(job);
      else print(jobIdOf(job));
    }),
  );
}
