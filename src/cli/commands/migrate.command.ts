import type { Command } from 'commander';
import { exampleHelp, JSON_LOG_HELP } from '../client-command.js';

/** `sluice migrate`: brings the database up to date and ends. */
export function addMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('bring the database up to date and end')
    .option('--json', JSON_LOG_HELP)
    .addHelpText(
      'after',
      exampleHelp(['sluice migrate', 'DATABASE_URL=postgres://db.example.org/sluice sluice migrate']),
    )
    .action(async (options: { json?: boolean }) => {
      const { launch } = await import('../../launch.js');
      const { runMigrations } = await import('../../run-migrations.js');
      await launch(runMigrations, {}, options.json);
    });
}
