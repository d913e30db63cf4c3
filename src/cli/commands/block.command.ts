import type { Command } from 'commander';
import { CliError, UsageError } from '../cli-error.js';
import { type ClientOptions, forServer, withClient } from '../client-command.js';
import type { BlockDocument } from '../client/block-documents.js';
import { ServerProblem } from '../client/server-problem.js';
import { ExitCode } from '../exit-code.js';
import { readObjectValues } from '../inputs/object-values.js';
import { blockTable, blockText, blockTypeTable, blockTypeText } from '../output/block-text.js';
import { print, printJson } from '../output/terminal.js';

interface ListOptions extends ClientOptions {
  readonly type?: string;
}

interface RegisterOptions extends ClientOptions {
  readonly file?: string;
  readonly replace?: boolean;
}

/** `sluice block`: stored configuration; this service's own, the standard knows none. */
export function addBlockCommand(program: Command): void {
  const command = program.command('block').description('store, show, test and remove blocks: named configuration');
  addTypes(command);
  addList(command);
  addRegister(command);
  addInspect(command);
  addTest(command);
  addDelete(command);
}

function addTypes(parent: Command): void {
  const command = parent
    .command('types')
    .description('list the types of blocks, or show what the blocks of one hold')
    .argument('[type]', 'a type of block');
  forServer(command, ['sluice block types', 'sluice block types s3']).action(
    (type: string | undefined, options: ClientOptions) =>
      withClient(options, async (client) => {
        if (type === undefined) {
          const types = await client.blockTypes();
          if (options.json) printJson({ types });
          else print(blockTypeTable(types));
          return;
        }
        const document = await client.blockType(type);
        if (options.json) printJson(document);
        else print(blockTypeText(document));
      }),
  );
}

function addList(parent: Command): void {
  const command = parent
    .command('ls', { isDefault: true })
    .description('list the blocks')
    .option('--type <type>', 'only blocks of this type');
  forServer(command, ['sluice block', 'sluice block ls --type s3 --json']).action(({ type, ...options }: ListOptions) =>
    withClient(options, async (client) => {
      const blocks: BlockDocument[] = [];
      for await (const block of client.blocks(type)) blocks.push(block);
      if (options.json) printJson({ blocks });
      else print(blockTable(blocks));
    }),
  );
}

function addRegister(parent: Command): void {
  const command = parent
    .command('register')
    .description('store a block; secrets are best given as files, which stay out of the list of processes')
    .usage('[options] <type/name> [key=value|key=@FILE|key:=JSON ...]')
    .argument('<block>', 'type and name of the block')
    .argument('[values...]', 'its values')
    .option('-f, --file <path>', 'JSON file with values, - for standard input; values given beside it win')
    .option('--replace', 'replace the block when it is there already');
  forServer(command, [
    'sluice block register secret/token value=@token.txt',
    'sluice block register s3/results bucket=results region=eu-west-1 credentials:=\'{"$block":"aws-credentials/prod"}\'',
    'sluice block register json/limits --file limits.json --replace',
  ]).action((ref: string, args: string[], { file, replace, ...options }: RegisterOptions) =>
    withClient(options, async (client) => {
      const [type, name] = split(ref);
      const { schema } = await client.blockType(type);
      const values = readObjectValues(args, file, schema);
      const block = await client.createBlock(type, name, values).catch((error: unknown) => {
        const isTaken = error instanceof ServerProblem && error.problem.type?.endsWith('/block-name-taken') === true;
        if (replace && isTaken) return client.replaceBlock(ref, values);
        throw error;
      });
      if (options.json) printJson(block);
      else print(`${block.id}: stored, version ${block.version}`);
    }),
  );
}

function addInspect(parent: Command): void {
  const command = parent
    .command('inspect')
    .description('show a block; its secrets are shown to nobody')
    .argument('<block>', 'type and name of the block');
  forServer(command, ['sluice block inspect s3/results']).action((ref: string, options: ClientOptions) =>
    withClient(options, async (client) => {
      split(ref);
      const block = await client.block(ref);
      if (options.json) printJson(block);
      else print(blockText(block));
    }),
  );
}

function addTest(parent: Command): void {
  const command = parent
    .command('test')
    .description('have the server try a block out, and tell how that went')
    .argument('<block>', 'type and name of the block');
  forServer(command, ['sluice block test s3/results']).action((ref: string, options: ClientOptions) =>
    withClient(options, async (client) => {
      split(ref);
      const { ok, detail } = await client.testBlock(ref);
      if (!ok) {
        const text = `The block ${ref} does not work. ${detail ?? ''}`.trimEnd();
        throw new CliError(text, ExitCode.problem, undefined, { ok, detail });
      }
      if (options.json) printJson({ ok, ...(detail !== undefined && { detail }) });
      else print(`${ref}: works${detail === undefined ? '' : `. ${detail}`}`);
    }),
  );
}

function addDelete(parent: Command): void {
  const command = parent
    .command('delete')
    .description('remove blocks that nothing uses')
    .argument('<block...>', 'types and names of the blocks');
  forServer(command, ['sluice block delete s3/results']).action((refs: string[], options: ClientOptions) =>
    withClient(options, async (client) => {
      refs.forEach(split);
      for (const ref of refs) {
        await client.removeBlock(ref);
        if (!options.json) print(`${ref}: removed`);
      }
      if (options.json) printJson({ removed: refs });
    }),
  );
}

function split(ref: string): [string, string] {
  const parts = ref.split('/');
  if (parts.length === 2 && parts.every((part) => part !== '')) return parts as [string, string];
  throw new UsageError(`"${ref}" is no block.`, 'Write <type>/<name>, for example s3/results.');
}
