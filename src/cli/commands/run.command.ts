import type { Command } from 'commander';
import { collect, forServer, withClient } from '../client-command.js';
import type { RunOptions } from '../run-process.js';
import { parseDuration } from '../watch/duration.js';

const VALUES = `
Inputs:
  key=value          read by the schema of the input: number, boolean, text, JSON, a bounding box as a,b,c,d
  key=a key=b        several occurrences, or the items of an array
  key=@FILE          the content of a file: JSON for objects, text for strings, anything else as base64 (streamed)
  key=@-             the same from standard input
  key=@FILE;type=T   with a media type, where the input takes several
  key=@https://...   by reference: the server fetches it; also @block:..., @s3://... and @upload:...
  key:=JSON          sent exactly as written

Without --async and --watch the answer is waited for, and the result printed.
Ctrl-C ends the waiting, not the job; with --dismiss-on-interrupt it dismisses the job, a second one ends the waiting.`;

/** `sluice run`: executes a process and waits for its results. */
export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .description('execute a process and print or save its results')
    .usage('[options] <process> [key=value|key=@FILE|key:=JSON ...]')
    .argument('<process>', 'id of the process')
    .argument('[inputs...]', 'its inputs')
    .option('-a, --async', 'print the job and do not wait for it')
    .option('-w, --watch', 'run as a job; show its progress and log, then its results')
    .option('-o, --output <path>', 'file for the raw result; directory for several outputs')
    .option('--out <id>', 'only this output, as id or id=media/type; repeatable', collect)
    .option('--timeout <duration>', 'give up waiting after a time like 30s, 5m, 1h', parseDuration)
    .option('--dismiss-on-interrupt', 'Ctrl-C dismisses the job')
    .addHelpText('after', VALUES);
  forServer(command, [
    'sluice run hello-world name=Ada',
    'sluice run buffer geometry=@island.geojson distance=500 --output buffered.geojson',
    'sluice run convert-raw-sonar rawFile=@survey.raw --watch --out converted --output survey.nc',
    'sluice run echo stringInput=hi arrayInput=1,2,3 mixedInput:=\'{"value": {"a": 1}}\' --json',
    'sluice run hello-world name=Ada --async --json | jq -r .jobID',
  ]).action((processId: string, inputs: string[], options: RunOptions) =>
    withClient(options, async (client) => {
      const { runProcess } = await import('../run-process.js');
      await runProcess(client, processId, inputs, options);
    }),
  );
}
