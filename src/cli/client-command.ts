import type { Command } from 'commander';
import { CliError } from './cli-error.js';
import { printable } from './output/terminal.js';
import { EXIT_CODE_HELP, ExitCode } from './exit-code.js';
import type { OgcClient } from './client/ogc-client.js';

/** Options that every command for a server has. */
export interface ClientOptions {
  readonly url?: string;
  readonly header?: readonly string[];
  readonly json?: boolean;
}

/** Gives a command the options for reaching a server, its examples, and the exit codes in its help. */
export function forServer(command: Command, examples: readonly string[]): Command {
  return command
    .option('--url <url>', 'landing page of the server (SLUICE_URL; default http://127.0.0.1:3000)')
    .option(
      '-H, --header <header>',
      "sent to the server: 'Name: value', or @FILE with one per line (SLUICE_HEADERS); repeatable",
      collect,
    )
    .option('--json', 'print JSON for programs on standard output')
    .addHelpText('after', `${exampleHelp(examples)}\n${EXIT_CODE_HELP}`);
}

/** What `--json` means to the commands that run the service. */
export const JSON_LOG_HELP = 'write the log as JSON, one document per line, also on a terminal';

/** The examples of a command, as its help shows them. */
export function exampleHelp(examples: readonly string[]): string {
  return `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`;
}

/** For options that may be repeated. */
export function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

/**
 * Runs the body of a command with a client, and ends it: a known failure becomes a readable message, with `--json` the
 * same as a document on standard output, and the exit code.
 * @param indent of that document; 0 where every document has one line
 */
export async function withClient(
  options: ClientOptions,
  body: (client: OgcClient) => Promise<ExitCode | void>,
  indent?: 0 | 2,
): Promise<void> {
  let client: OgcClient | undefined;
  try {
    client = await openClient(options);
    process.exitCode = (await body(client)) ?? ExitCode.ok;
  } catch (error) {
    reportFailure(error, options.json, indent);
  } finally {
    await client?.close();
  }
}

/** @throws UsageError for a URL or a header that cannot be used */
export async function openClient({ url, header = [] }: ClientOptions): Promise<OgcClient> {
  // Loaded only when a command talks to a server, so that help and completion answer at once.
  const [{ OgcClient }, { HttpConnection }, { readHeaders }, { readCliSettings }] = await Promise.all([
    import('./client/ogc-client.js'),
    import('./client/http-connection.js'),
    import('./client/request-headers.js'),
    import('../config/cli-settings.js'),
  ]);
  const settings = readCliSettings();
  return new OgcClient(new HttpConnection(url ?? settings.url, readHeaders([...settings.headers, ...header])));
}

/** Says what went wrong and sets the exit code. */
export function reportFailure(error: unknown, json = false, indent: 0 | 2 = 2): void {
  const known = error instanceof CliError ? error : unforeseen(error);
  process.exitCode = known.exitCode;
  if (json) process.stdout.write(`${JSON.stringify(known, undefined, indent)}\n`);
  const text = printable(known.message);
  process.stderr.write(`${known.exitCode === ExitCode.interrupted ? '' : 'Error: '}${text}\n`);
  if (known.advice !== undefined) process.stderr.write(`${known.advice}\n`);
}

function unforeseen(error: unknown): CliError {
  const { message, code } = error as Error & { code?: string };
  const isBroken = typeof code === 'string' && /^(UND_ERR|ECONN|EPIPE)/.test(code);
  return new CliError(isBroken ? `The connection broke: ${message}` : String(message), ExitCode.usage);
}
