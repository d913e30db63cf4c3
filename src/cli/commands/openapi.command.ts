import { type Command, Option } from 'commander';
import { exampleHelp, reportFailure } from '../client-command.js';

/** `sluice openapi`: the OpenAPI document, without starting the service. */
export function addOpenApiCommand(program: Command): void {
  program
    .command('openapi')
    .description('print the OpenAPI document of the API; starts no server and opens no database')
    .option('-o, --output <file>', 'write it to a file')
    .option('--server-url <url>', 'URL of the landing page to name in the document (PUBLIC_URL)')
    .addOption(new Option('--openapi <version>', 'version of OpenAPI').choices(['3.0', '3.1']).default('3.0'))
    .option('--json', 'accepted for symmetry: the document is JSON anyway')
    .addHelpText('after', exampleHelp(['sluice openapi > openapi.json', 'sluice openapi --output docs/openapi.json']))
    .action(async (options: { output?: string; serverUrl?: string; openapi: '3.0' | '3.1'; json?: boolean }) => {
      try {
        const { describeApi } = await import('../../describe-api.js');
        const document = `${JSON.stringify(await describeApi(options.serverUrl, options.openapi), undefined, 2)}\n`;
        if (options.output === undefined) process.stdout.write(document);
        else await (await import('../output/result-file.js')).writeFileWhole(options.output, document);
      } catch (error) {
        reportFailure(error, options.json);
      }
    });
}
