import { Argument, type Command } from 'commander';
import { exampleHelp } from '../client-command.js';

/** `sluice completion`: prints the completion script of a shell. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<shell>', 'your shell').choices(['bash', 'zsh', 'fish']))
    .option('--json', 'print it as a member of a JSON document')
    .addHelpText(
      'after',
      exampleHelp([
        'source <(sluice completion bash)     # in ~/.bashrc',
        'source <(sluice completion zsh)      # in ~/.zshrc, after compinit',
        'sluice completion fish > ~/.config/fish/completions/sluice.fish',
      ]),
    )
    .action(async (shell: 'bash' | 'zsh' | 'fish', options: { json?: boolean }) => {
      const { COMPLETION_SCRIPTS } = await import('../completion/completion-scripts.js');
      const script = COMPLETION_SCRIPTS[shell];
      process.stdout.write(options.json ? `${JSON.stringify({ shell, script })}\n` : script);
    });

  // What the scripts call: the words after "sluice", the last one being typed.
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: string[]) => {
      const { suggest } = await import('../completion/suggestions.js');
      const suggestions = await suggest(program, words.length > 0 ? words : ['']);
      process.stdout.write(suggestions.map(({ value, hint = '' }) => `${value}\t${hint}\n`).join(''));
    });
}
