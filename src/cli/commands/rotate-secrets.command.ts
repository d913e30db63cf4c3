import type { Command } from 'commander';
import { exampleHelp, JSON_LOG_HELP } from '../client-command.js';

/** `sluice rotate-secrets`: encrypts the secrets of all blocks with the first key and ends. */
export function addRotateSecretsCommand(program: Command): void {
  program
    .command('rotate-secrets')
    .description('encrypt the secrets of all blocks with the first of SECRET_KEYS and end')
    .option('--json', JSON_LOG_HELP)
    .addHelpText('after', exampleHelp(['SECRET_KEYS="new:...,old:..." sluice rotate-secrets']))
    .action(async (options: { json?: boolean }) => {
      const { launch } = await import('../../launch.js');
      const { rotateSecrets } = await import('../../rotate-secrets.js');
      await launch(rotateSecrets, {}, options.json);
    });
}
