import { basename } from 'node:path';
import type { Command } from 'commander';
import { type ClientOptions, forServer, withClient } from '../client-command.js';
import { bytesOf, sizeOf } from '../inputs/file-bytes.js';
import { mediaTypeOfPath, OCTETS } from '../inputs/media-type-of-path.js';
import { print, printJson } from '../output/terminal.js';

interface UploadOptions extends ClientOptions {
  readonly mediaType?: string;
  readonly name?: string;
}

/** `sluice upload`: sends a file in advance, for inputs that refer to it. */
export function addUploadCommand(program: Command): void {
  const command = program
    .command('upload')
    .description('send a file in advance, and print what an input refers to it by')
    .argument('<file>', 'the file, or - for standard input')
    .option('--media-type <type>', 'media type; default: by the ending of the name')
    .option('--name <name>', 'name of the file; default: its own');
  forServer(command, [
    'sluice upload recording.raw',
    'sluice run convert-raw-sonar rawFile=@$(sluice upload recording.raw)',
  ]).action((path: string, options: UploadOptions) =>
    withClient(options, async (client) => {
      const { name = path === '-' ? undefined : basename(path), mediaType } = options;
      const upload = await client.upload({
        name,
        mediaType: mediaType ?? mediaTypeOfPath(name ?? '') ?? OCTETS,
        size: await sizeOf(path),
        content: bytesOf(path),
      });
      if (options.json) printJson(upload);
      else print(upload.href);
    }),
  );
}
