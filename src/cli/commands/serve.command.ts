import type { Command } from 'commander';
import { exampleHelp } from '../client-command.js';
import { given } from '../given-settings.js';

export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('start the API; with ROLE=all (the default) it runs jobs as well')
    .option('-p, --port <number>', 'port to listen on (PORT)')
    .option('-d, --data-dir <directory>', 'directory of the database and the files (DATA_DIR)')
    .addHelpText('after', exampleHelp(['sluice serve', 'sluice serve --port 8080 --data-dir /var/lib/sluice']))
    .action(async (options: { port?: string; dataDir?: string }) => {
      const { launch, startApi } = await import('../../start.js');
      await launch(startApi, given({ PORT: options.port, DATA_DIR: options.dataDir }));
    });
}
