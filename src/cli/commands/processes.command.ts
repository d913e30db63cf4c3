import type { Command } from 'commander';
import { type ClientOptions, forServer, withClient } from '../client-command.js';
import { processTable, processText } from '../output/process-text.js';
import { print, printJson } from '../output/terminal.js';

/** `sluice processes`: the list of processes, or the description of one. */
export function addProcessesCommand(program: Command): void {
  const command = program
    .command('processes')
    .description('list the processes of a server, or describe one with its inputs and outputs')
    .argument('[id]', 'process to describe');
  forServer(command, [
    'sluice processes',
    'sluice processes hello-world',
    'sluice processes --url https://processes.example.org --json',
  ]).action((id: string | undefined, options: ClientOptions) =>
    withClient(options, async (client) => {
      if (id !== undefined) {
        const process = await client.process(id);
        return options.json ? printJson(process) : print(processText(process));
      }
      const processes = await client.processes();
      return options.json ? printJson({ processes }) : print(processTable(processes));
    }),
  );
}
