import type { Command } from 'commander';
import { exampleHelp, JSON_LOG_HELP } from '../client-command.js';
import { given } from '../given-settings.js';

/** `sluice worker`: starts a worker without an API. */
export function addWorkerCommand(program: Command): void {
  program
    .command('worker')
    .description('start a worker that takes jobs from the queue')
    .option('-c, --concurrency <number>', 'jobs at once (WORKER_CONCURRENCY)')
    .option('-d, --data-dir <directory>', 'directory of the files (DATA_DIR)')
    .option('--json', JSON_LOG_HELP)
    .addHelpText('after', exampleHelp(['sluice worker', 'sluice worker --concurrency 8']))
    .action(async (options: { concurrency?: string; dataDir?: string; json?: boolean }) => {
      const { launch } = await import('../../launch.js');
      const { startWorker } = await import('../../start-worker.js');
      const overrides = { WORKER_CONCURRENCY: options.concurrency, DATA_DIR: options.dataDir };
      await launch(startWorker, { ROLE: 'worker', ...given(overrides) }, options.json);
    });
}
