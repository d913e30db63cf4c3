import type { Command } from 'commander';
import { exampleHelp } from '../client-command.js';

export function addMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('bring the database up to date and end')
    .addHelpText(
      'after',
      exampleHelp(['sluice migrate', 'DATABASE_URL=postgres://db.example.org/sluice sluice migrate']),
    )
    .action(async () => {
      const { launch, runMigrations } = await import('../../start.js');
      await launch(runMigrations);
    });
}
