import type { Command } from 'commander';
import { type ClientOptions, collect, forServer, withClient } from '../client-command.js';

interface ResultsOptions extends ClientOptions {
  readonly output?: string;
  readonly out?: readonly string[];
}

/** `sluice results`: fetches the results of a finished job. */
export function addResultsCommand(program: Command): void {
  const command = program
    .command('results')
    .description('print or save the results of a job')
    .argument('<job>', 'id of the job')
    .option('-o, --output <path>', 'file for one output; directory for several')
    .option('--out <id>', 'only this output; repeatable', collect);
  forServer(command, [
    'sluice results 01a1fa71-7771-7239-9e30-d8740b26808a',
    'sluice results 01a1fa71-7771-7239-9e30-d8740b26808a --output results/',
    'sluice results 01a1fa71-7771-7239-9e30-d8740b26808a --out image --output image.tif',
  ]).action((jobId: string, options: ResultsOptions) =>
    withClient(options, async (client) => {
      const { fetchResults } = await import('../output/fetch-results.js');
      await fetchResults(client, jobId, { ...options, outputs: options.out });
    }),
  );
}
