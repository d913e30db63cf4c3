import type { Command } from 'commander';
import { UsageError } from '../cli-error.js';
import { type ClientOptions, forServer, withClient } from '../client-command.js';
import type { OgcClient } from '../client/ogc-client.js';
import { jsonOrNothing } from '../inputs/input-value.js';
import { contentOf, readObjectValues } from '../inputs/object-values.js';
import { jobText } from '../output/job-text.js';
import { print, printJson } from '../output/terminal.js';

interface ResumeOptions extends ClientOptions {
  readonly task?: string;
  readonly input?: string;
}

const VALUES = `
The answer to a step that waits for input:
  key=value    read by the schema that the step asks with; key=@FILE and key:=JSON as for blocks
  --input      the whole answer as JSON, for one that is no object

Without an answer the pause of the job is ended.`;

/** `sluice resume`: lets a paused job go on, or answers a step that waits for input. */
export function addResumeCommand(program: Command): void {
  const command = program
    .command('resume')
    .description('let a paused job go on, or answer a step that waits for input')
    .usage('[options] <job> [key=value|key=@FILE|key:=JSON ...]')
    .argument('<job>', 'id of the job')
    .argument('[answer...]', 'members of the answer')
    .option('-t, --task <key>', 'key of the step that asks; needed when several do')
    .option('--input <json>', 'the whole answer as JSON, or @FILE that holds it')
    .addHelpText('after', VALUES);
  forServer(command, [
    'sluice resume 01a1fa71-7771-7239-9e30-d8740b26808a',
    'sluice resume 01a1fa71-7771-7239-9e30-d8740b26808a approved=true',
    "sluice resume 01a1fa71-7771-7239-9e30-d8740b26808a --task publish --input '{}'",
  ]).action((jobId: string, answer: string[], options: ResumeOptions) =>
    withClient(options, async (client) => {
      const { task } = options;
      const input = await readAnswer(client, jobId, answer, options);
      const job = await client.resume(jobId, {
        ...(task !== undefined && { task }),
        ...(input !== undefined && { input }),
      });
      if (options.json) printJson(job);
      else print(jobText(job));
    }),
  );
}

async function readAnswer(
  client: OgcClient,
  jobId: string,
  members: readonly string[],
  { task, input }: ResumeOptions,
): Promise<unknown> {
  if (input === undefined) {
    return members.length === 0 ? undefined : readObjectValues(members, undefined, await schemaOf(client, jobId, task));
  }
  if (members.length > 0) throw new UsageError('The answer is given by --input or as key=value, not both.');
  const value = jsonOrNothing(input.startsWith('@') ? contentOf(input.slice(1)) : input);
  if (value === undefined) throw new UsageError('--input is not JSON.');
  return value;
}

/** What the step asks with. Which of several is meant the server says. */
async function schemaOf(client: OgcClient, jobId: string, task: string | undefined) {
  const { inputRequests = [] } = await client.job(jobId);
  return inputRequests.find((request) => task === undefined || request.task === task)?.schema;
}
