import { Command } from 'commander';
import type { SettingOverrides } from '../config/load-settings.js';

/**
 * The command line of the service. The commands are loaded when they are called, so that `--help` answers at once.
 * Settings come from the environment; the options here are shorthands for the few that differ from call to call.
 */
export function createProgram(): Command {
  const program = new Command('sluice').description('Publishes TypeScript code as OGC API - Processes.');

  program
    .command('serve')
    .description('start the API; with ROLE=all (the default) it runs jobs as well')
    .option('-p, --port <number>', 'port to listen on (PORT)')
    .option('-d, --data-dir <directory>', 'directory of the database and the files (DATA_DIR)')
    .action(async (options: { port?: string; dataDir?: string }) => {
      const { launch, startApi } = await import('../start.js');
      await launch(startApi, given({ PORT: options.port, DATA_DIR: options.dataDir }));
    });

  program
    .command('worker')
    .description('start a worker that takes jobs from the queue')
    .option('-c, --concurrency <number>', 'jobs at once (WORKER_CONCURRENCY)')
    .option('-d, --data-dir <directory>', 'directory of the files (DATA_DIR)')
    .action(async (options: { concurrency?: string; dataDir?: string }) => {
      const { launch, startWorker } = await import('../start.js');
      const overrides = { WORKER_CONCURRENCY: options.concurrency, DATA_DIR: options.dataDir };
      await launch(startWorker, { ROLE: 'worker', ...given(overrides) });
    });

  program
    .command('migrate')
    .description('bring the database up to date and end')
    .action(async () => {
      const { launch, runMigrations } = await import('../start.js');
      await launch(runMigrations);
    });

  return program;
}

/** Leaves out what was not given, so that the environment decides. */
function given(options: SettingOverrides): SettingOverrides {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
