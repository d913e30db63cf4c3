import { type Command, Option } from 'commander';
import { type ClientOptions, forServer, withClient } from '../client-command.js';
import type { OgcClient } from '../client/ogc-client.js';
import type { LogLine } from '../client/ogc-documents.js';
import { logText } from '../output/job-text.js';
import { print, printJson } from '../output/terminal.js';

interface LogsOptions extends ClientOptions {
  readonly follow?: boolean;
  readonly level?: string;
}

/** `sluice logs`: the log of a job, also while it runs. */
export function addLogsCommand(program: Command): void {
  const command = program
    .command('logs')
    .description('print what a process logged while a job ran')
    .argument('<job>', 'id of the job')
    .option('-f, --follow', 'go on until the job has ended')
    .addOption(new Option('--level <level>', 'least important level').choices(['debug', 'info', 'warn', 'error']));
  forServer(command, [
    'sluice logs 01a1fa71-7771-7239-9e30-d8740b26808a',
    'sluice logs 01a1fa71-7771-7239-9e30-d8740b26808a --follow --level warn',
    'sluice logs 01a1fa71-7771-7239-9e30-d8740b26808a --json   # one JSON document per line',
  ]).action((jobId: string, options: LogsOptions) =>
    withClient(options, (client) => showLog(client, jobId, options), 0),
  );
}

async function showLog(client: OgcClient, jobId: string, { json, follow, level }: LogsOptions): Promise<void> {
  const show = (line: LogLine) => (json ? printJson(line, 0) : print(logText(line)));
  if (!follow) {
    const { JobLog } = await import('../watch/job-log.js');
    for await (const line of new JobLog(client, jobId, level).more()) show(line);
    return;
  }
  const { watchJob } = await import('../watch/watch-job.js');
  const { requireSuccess } = await import('../watch/watch-to-end.js');
  await requireSuccess(client, jobId, await watchJob(client, jobId, { onLog: show, needsLog: true, level }));
}
