import { extname } from 'node:path';
import { type Command, Option } from 'commander';
import { validate as isUuid } from 'uuid';
import { type ClientOptions, forServer, withClient } from '../client-command.js';
import { writeFileWhole } from '../output/result-file.js';
import { print } from '../output/terminal.js';

const FORMATS = ['mermaid', 'dot', 'svg', 'json'] as const;

/** A format of graphs, as the query parameter `f` names it. */
type GraphFormat = (typeof FORMATS)[number];

interface GraphOptions extends ClientOptions {
  readonly format?: GraphFormat;
  readonly output?: string;
}

const BY_ENDING: Readonly<Record<string, GraphFormat>> = {
  '.svg': 'svg',
  '.dot': 'dot',
  '.gv': 'dot',
  '.json': 'json',
};

/** `sluice graph`: the steps of a process, or of a job with their states. */
export function addGraphCommand(program: Command): void {
  const command = program
    .command('graph')
    .description('print or save the steps of a process, or of a job and how far they are, as a graph')
    .argument('<process|job>', 'id of a process or of a job')
    .addOption(
      new Option('--format <format>', 'how it is written; default: by the ending of --output, else mermaid').choices(
        FORMATS,
      ),
    )
    .option('-o, --output <file>', 'save it');
  forServer(command, [
    'sluice graph mosaic',
    'sluice graph mosaic --output mosaic.svg',
    'sluice graph 01a1fa71-7771-7239-9e30-d8740b26808a --format dot | dot -Tpdf > job.pdf',
  ]).action((id: string, { format, output, json, ...options }: GraphOptions) =>
    withClient({ ...options, json }, async (client) => {
      const byEnding = BY_ENDING[extname(output ?? '').toLowerCase()] ?? 'mermaid';
      const text = await client.graph(isUuid(id) ? 'jobs' : 'processes', id, format ?? (json ? 'json' : byEnding));
      if (output === undefined) print(text.trimEnd());
      else await writeFileWhole(output, text);
    }),
  );
}
