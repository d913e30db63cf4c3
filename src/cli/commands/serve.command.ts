import type { Command } from 'commander';
import { exampleHelp, JSON_LOG_HELP } from '../client-command.js';
import { given } from '../given-settings.js';

/** `sluice serve`: starts the API, and by default a worker with it. */
export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('start the API; with ROLE=all (the default) it runs jobs as well')
    .option('-p, --port <number>', 'port to listen on (PORT)')
    .option('-d, --data-dir <directory>', 'directory of the database and the files (DATA_DIR)')
    .option('--json', JSON_LOG_HELP)
    .addHelpText('after', exampleHelp(['sluice serve', 'sluice serve --port 8080 --data-dir /var/lib/sluice']))
    .action(async (options: { port?: string; dataDir?: string; json?: boolean }) => {
      const { launch } = await import('../../launch.js');
      const { startApi } = await import('../../start-api.js');
      await launch(startApi, given({ PORT: options.port, DATA_DIR: options.dataDir }), options.json);
    });
}
