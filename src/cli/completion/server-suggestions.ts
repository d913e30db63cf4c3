import { type ClientOptions, openClient } from '../client-command.js';
import type { OgcClient } from '../client/ogc-client.js';
import { jobIdOf } from '../client/ogc-documents.js';
import { nameOfSchema, shapeOf } from '../inputs/schema-shape.js';
import { suggestFiles } from './file-suggestions.js';
import type { Suggestion } from './suggestion.js';

/** Milliseconds; who presses Tab does not want to wait longer. */
const PATIENCE = 1_000;
const MOST_JOBS = 20;

/** The processes of the server, with their titles as hints. */
export function suggestProcesses(options: ClientOptions): Promise<Suggestion[]> {
  return ask(options, async (client, signal) =>
    (await client.processes(signal)).map(({ id, title }) => ({ value: id, hint: title })),
  );
}

/** The latest jobs of the server, with status and process as hints. */
export function suggestJobs(options: ClientOptions): Promise<Suggestion[]> {
  return ask(options, async (client, signal) => {
    const found: Suggestion[] = [];
    for await (const job of client.jobs({}, signal)) {
      found.push({ value: jobIdOf(job), hint: [job.status, job.processID].filter(Boolean).join(' ') });
      if (found.length === MOST_JOBS) break;
    }
    return found;
  });
}

/** The subscriptions of the server, with their URLs as hints. */
export function suggestSubscriptions(options: ClientOptions): Promise<Suggestion[]> {
  return ask(options, async (client, signal) => {
    const found: Suggestion[] = [];
    for await (const { id, url } of client.subscriptions(signal)) found.push({ value: id, hint: url });
    return found;
  });
}

/** The types of blocks, with their titles as hints. @param end put behind each of them */
export function suggestBlockTypes(options: ClientOptions, end = ''): Promise<Suggestion[]> {
  return ask(options, async (client, signal) =>
    (await client.blockTypes(signal)).map(({ type, title }) => ({ value: type + end, hint: title })),
  );
}

/** The blocks of the server. */
export function suggestBlocks(options: ClientOptions): Promise<Suggestion[]> {
  return ask(options, async (client, signal) => {
    const found: Suggestion[] = [];
    for await (const { id } of client.blocks(undefined, signal)) found.push({ value: id });
    return found;
  });
}

/** `input=` for each input of a process; after the sign its fixed values, after `@` files. */
export function suggestInputs(options: ClientOptions, processId: string, current: string): Promise<Suggestion[]> {
  const [, key, value] = /^([^=:]+)=(.*)$/s.exec(current) ?? [];
  if (value?.startsWith('@')) return suggestFiles(`${key}=@`, value.slice(1));
  return ask(options, async (client, signal) => {
    const { inputs = {} } = await client.process(processId, signal);
    if (key === undefined) {
      return Object.entries(inputs).map(([id, { schema }]) => ({ value: `${id}=`, hint: nameOfSchema(schema) }));
    }
    const { values, types } = shapeOf(inputs[key]?.schema);
    const fixed = values.length > 0 ? values.map(String) : types.has('boolean') ? ['true', 'false'] : ['@'];
    return fixed.map((one) => ({ value: `${key}=${one}` }));
  });
}

/** Whatever goes wrong, there are no suggestions then. */
async function ask(
  options: ClientOptions,
  question: (client: OgcClient, signal: AbortSignal) => Promise<Suggestion[]>,
): Promise<Suggestion[]> {
  let client: OgcClient | undefined;
  try {
    client = await openClient(options);
    return await question(client, AbortSignal.timeout(PATIENCE));
  } catch {
    return [];
  } finally {
    await client?.close();
  }
}
