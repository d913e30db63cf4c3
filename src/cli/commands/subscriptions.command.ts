import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { CliError, UsageError } from '../cli-error.js';
import { type ClientOptions, collect, forServer, withClient } from '../client-command.js';
import type { Subscription } from '../client/subscription-documents.js';
import { ExitCode } from '../exit-code.js';
import { subscriptionTable } from '../output/subscription-text.js';
import { print, printJson } from '../output/terminal.js';

interface AddOptions extends ClientOptions {
  readonly event: readonly string[];
  readonly process?: readonly string[];
  readonly secret?: string;
  readonly description?: string;
}

const ID = '01a1fb2c-2d08-7a6e-9a52-7c7f1f0b6a11';

/** `sluice subscriptions`: who is told of the events of jobs; this service's own, the standard knows none. */
export function addSubscriptionsCommand(program: Command): void {
  const command = program
    .command('subscriptions')
    .description('list, add, remove and test subscriptions to the events of jobs');
  addList(command);
  addAdd(command);
  addRemove(command);
  addTest(command);
}

function addList(parent: Command): void {
  const command = parent.command('ls', { isDefault: true }).description('list the subscriptions, oldest first');
  forServer(command, ['sluice subscriptions', 'sluice subscriptions ls --json']).action((options: ClientOptions) =>
    withClient(options, async (client) => {
      const subscriptions: Subscription[] = [];
      for await (const subscription of client.subscriptions()) subscriptions.push(subscription);
      if (options.json) printJson({ subscriptions });
      else print(subscriptionTable(subscriptions));
    }),
  );
}

function addAdd(parent: Command): void {
  const command = parent
    .command('add')
    .description('have the events of jobs posted to a URL; prints the id of the subscription')
    .argument('<target>', 'URL that notifications are posted to')
    .requiredOption('-e, --event <type>', 'type of event, for example failed; repeatable', collect)
    .option('--process <id>', 'only of jobs of this process; repeatable', collect)
    .option(
      '--secret <secret>',
      'key of the signature, or @FILE that holds it: files stay out of the list of processes',
    )
    .option('--description <text>', 'what it is for');
  forServer(command, [
    'sluice subscriptions add https://example.org/hook --event failed --event dismissed',
    'sluice subscriptions add https://example.org/hook -e successful --process buffer --secret @hook.key',
  ]).action((target: string, { event, process, secret, description, ...options }: AddOptions) =>
    withClient(options, async (client) => {
      const added = await client.subscribe({
        url: target,
        events: event,
        ...(process !== undefined && { processID: process }),
        ...(secret !== undefined && { secret: readSecret(secret) }),
        ...(description !== undefined && { description }),
      });
      if (options.json) printJson(added);
      else print(added.id);
    }),
  );
}

function addRemove(parent: Command): void {
  const command = parent
    .command('rm')
    .description('end subscriptions; what is still owed to them is dropped')
    .argument('<subscription...>', 'ids of the subscriptions');
  forServer(command, [`sluice subscriptions rm ${ID}`]).action((ids: string[], options: ClientOptions) =>
    withClient(options, async (client) => {
      for (const id of ids) {
        await client.unsubscribe(id);
        if (!options.json) print(`${id}: removed`);
      }
      if (options.json) printJson({ removed: ids });
    }),
  );
}

function addTest(parent: Command): void {
  const command = parent
    .command('test')
    .description('have a test notification posted once, and tell how that went')
    .argument('<subscription>', 'id of the subscription');
  forServer(command, [`sluice subscriptions test ${ID}`]).action((id: string, options: ClientOptions) =>
    withClient(options, async (client) => {
      const delivery = await client.testSubscription(id);
      if (delivery.state !== 'delivered') {
        const text = `The test notification was not delivered. ${delivery.reason ?? ''}`.trimEnd();
        throw new CliError(text, ExitCode.problem, undefined, { delivery });
      }
      if (options.json) printJson(delivery);
      else print(`delivered, answered with ${delivery.status}`);
    }),
  );
}

function readSecret(given: string): string {
  if (!given.startsWith('@')) return given;
  try {
    return readFileSync(given.slice(1), 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new UsageError(`The file of the secret cannot be read: ${(error as Error).message}`);
  }
}
