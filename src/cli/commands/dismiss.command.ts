import type { Command } from 'commander';
import { CliError } from '../cli-error.js';
import { type ClientOptions, forServer, withClient } from '../client-command.js';
import type { StatusInfo } from '../client/ogc-documents.js';
import { print, printJson } from '../output/terminal.js';

/** `sluice dismiss`: cancels jobs, or removes what finished ones left. */
export function addDismissCommand(program: Command): void {
  const command = program
    .command('dismiss')
    .description('cancel jobs; of a finished job, remove its results')
    .argument('<job...>', 'ids of the jobs');
  forServer(command, [
    'sluice dismiss 01a1fa71-7771-7239-9e30-d8740b26808a',
    "sluice jobs --status accepted --json | jq -r '.jobs[].jobID' | xargs sluice dismiss",
  ]).action((jobIds: string[], options: ClientOptions) =>
    withClient(options, async (client) => {
      const dismissed: StatusInfo[] = [];
      try {
        for (const jobId of jobIds) {
          const info = await client.dismiss(jobId);
          dismissed.push(info);
          if (!options.json) print(`${jobId}: ${info.message ?? info.status}`);
        }
      } catch (error) {
        // One document says both: what went wrong, and what had become of the jobs before.
        if (!options.json || dismissed.length === 0 || !(error instanceof CliError)) throw error;
        throw new CliError(error.message, error.exitCode, error.advice, { ...error.facts, jobs: dismissed });
      }
      if (options.json) printJson({ jobs: dismissed });
    }),
  );
}
