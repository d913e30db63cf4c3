import { createRequire } from 'node:module';
import { Command } from 'commander';
import { addBlockCommand } from './commands/block.command.js';
import { addCompletionCommand } from './commands/completion.command.js';
import { addDismissCommand } from './commands/dismiss.command.js';
import { addFlowCommand } from './commands/flow.command.js';
import { addGraphCommand } from './commands/graph.command.js';
import { addJobsCommand } from './commands/jobs.command.js';
import { addLogsCommand } from './commands/logs.command.js';
import { addMigrateCommand } from './commands/migrate.command.js';
import { addOpenApiCommand } from './commands/openapi.command.js';
import { addPauseCommand } from './commands/pause.command.js';
import { addProcessesCommand } from './commands/processes.command.js';
import { addResultsCommand } from './commands/results.command.js';
import { addResumeCommand } from './commands/resume.command.js';
import { addRetryCommand } from './commands/retry.command.js';
import { addRotateSecretsCommand } from './commands/rotate-secrets.command.js';
import { addRunCommand } from './commands/run.command.js';
import { addServeCommand } from './commands/serve.command.js';
import { addSubscriptionsCommand } from './commands/subscriptions.command.js';
import { addUploadCommand } from './commands/upload.command.js';
import { addWorkerCommand } from './commands/worker.command.js';
import { exampleHelp } from './client-command.js';
import { EXIT_CODE_HELP } from './exit-code.js';

const { version } = createRequire(import.meta.url)('sluice/package.json') as { version: string };

const EXAMPLES = [
  'sluice serve',
  'sluice processes',
  'sluice run hello-world name=Ada',
  'sluice run hello-world name=Ada --url https://processes.example.org',
  'sluice flow run simple-flow name=Ada --local',
];

/**
 * The command line. What a command does is loaded when it is called, so that `--help` answers at once. The commands
 * that run the service read its settings; all others talk HTTP to any OGC API - Processes server.
 */
export function createProgram(): Command {
  const program = new Command('sluice')
    .description('Publishes TypeScript code as OGC API - Processes, and is a client for any such server.')
    .version(version, '-V, --version')
    .showSuggestionAfterError()
    // Errors come back as exceptions, so that they can be told in JSON too; subcommands inherit it.
    .exitOverride()
    .addHelpText('after', `${exampleHelp(EXAMPLES)}\n${EXIT_CODE_HELP}`);
  program.commandsGroup('Run the service:');
  addServeCommand(program);
  addWorkerCommand(program);
  addMigrateCommand(program);
  addRotateSecretsCommand(program);
  addOpenApiCommand(program);
  program.commandsGroup('Use a server:');
  addProcessesCommand(program);
  addRunCommand(program);
  addUploadCommand(program);
  addFlowCommand(program);
  addJobsCommand(program);
  addResultsCommand(program);
  addLogsCommand(program);
  addGraphCommand(program);
  addPauseCommand(program);
  addResumeCommand(program);
  addRetryCommand(program);
  addDismissCommand(program);
  addSubscriptionsCommand(program);
  addBlockCommand(program);
  program.commandsGroup('Other:');
  addCompletionCommand(program);
  program.helpCommand('help [command]', 'show the help of a command');
  return program;
}
