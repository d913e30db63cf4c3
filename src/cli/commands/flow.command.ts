import type { Command } from 'commander';
import { collect, forServer, reportFailure, withClient } from '../client-command.js';
import type { LocalRunOptions } from '../local/run-locally.js';
import type { RunOptions } from '../run-process.js';
import { parseDuration } from '../watch/duration.js';

const LOCAL = `
With --local the flow runs here: no server, no database, no queue. It runs in an executor as it would in the service,
with its retries and time limits; what its steps remember is gone when it ends. The processes are the built-in ones,
those of PROCESS_MODULES, and those of --module. Inputs are written as for "sluice run"; a file stays where it is.
Where the flow waits for input (context.waitForInput), it is asked for here, and processes that it executes
(context.runProcess) run here too. Ctrl-C and --timeout end it.

Without --local it runs as a job of the server, as with "sluice run --watch".`;

interface FlowRunOptions extends RunOptions, LocalRunOptions {
  readonly local?: boolean;
}

/** `sluice flow`: flows from a terminal. */
export function addFlowCommand(program: Command): void {
  const flow = program.command('flow').description('run a flow, also without a server');
  const command = flow
    .command('run')
    .description('run a flow or any other process; show its progress and log, then its results')
    .usage('[options] <process> [key=value|key=@FILE|key:=JSON ...]')
    .argument('<process>', 'id of the process')
    .argument('[inputs...]', 'its inputs')
    .option('-l, --local', 'run it here, without a server')
    .option('-m, --module <file>', 'with --local: a module of processes (PROCESS_MODULES); repeatable', collect)
    .option('-o, --output <path>', 'file for the raw result; directory for several outputs')
    .option('--out <id>', 'only this output, as id or id=media/type; repeatable', collect)
    .option('--timeout <duration>', 'give up after a time like 30s, 5m, 1h', parseDuration)
    .addHelpText('after', LOCAL);
  forServer(command, [
    'sluice flow run simple-flow name=Ada message="Good morning." --local',
    'sluice flow run convert-raw-sonar rawFile=@survey.raw --local --out converted --output survey.nc',
    'sluice flow run mosaic area=5,47,6,48 --local --module dist/mosaic.processes.js --json',
    'sluice flow run mosaic area=5,47,6,48 --url https://processes.example.org',
  ]).action(async (processId: string, inputs: string[], { local, ...options }: FlowRunOptions) => {
    if (!local) {
      return await withClient(options, async (client) => {
        const { runProcess } = await import('../run-process.js');
        await runProcess(client, processId, inputs, { ...options, watch: true });
      });
    }
    try {
      const { runLocally } = await import('../local/run-locally.js');
      await runLocally(processId, inputs, options);
    } catch (error) {
      reportFailure(error, options.json);
    }
  });
}
