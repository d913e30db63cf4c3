import type { Command } from 'commander';
import { type ClientOptions, forServer, withClient } from '../client-command.js';
import { jobText } from '../output/job-text.js';
import { print, printJson } from '../output/terminal.js';

/** `sluice pause`: lets no further step of a job begin. */
export function addPauseCommand(program: Command): void {
  const command = program
    .command('pause')
    .description('begin no further step of a job; `resume` lets it go on')
    .argument('<job>', 'id of the job');
  forServer(command, ['sluice pause 01a1fa71-7771-7239-9e30-d8740b26808a']).action(
    (jobId: string, options: ClientOptions) =>
      withClient(options, async (client) => {
        const job = await client.pause(jobId);
        if (options.json) printJson(job);
        else print(jobText(job));
      }),
  );
}
