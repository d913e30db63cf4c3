import type { Command } from 'commander';
import { exampleHelp } from '../client-command.js';
import { given } from '../given-settings.js';

export function addWorkerCommand(program: Command): void {
  program
    .command('worker')
    .description('start a worker that takes jobs from the queue')
    .option('-c, --concurrency <number>', 'jobs at once (WORKER_CONCURRENCY)')
    .option('-d, --data-dir <directory>', 'directory of the files (DATA_DIR)')
    .addHelpText('after', exampleHelp(['sluice worker', 'sluice worker --concurrency 8']))
    .action(async (options: { concurrency?: string; dataDir?: string }) => {
      const { launch, startWorker } = await import('../../start.js');
      const overrides = { WORKER_CONCURRENCY: options.concurrency, DATA_DIR: options.dataDir };
      await launch(startWorker, { ROLE: 'worker', ...given(overrides) });
    });
}
