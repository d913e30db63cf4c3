import type { InputDescription, ProcessDescription } from './ogc-documents.js';
import { allows } from './ogc-documents.js';
import { NotTestable } from './not-testable.js';
import { asSent, isBinary, requiredInputs, sampleOf } from './sample-values.js';
import type { Exchange } from './exchange.js';
import type { ExecuteBody, ServerUnderTest } from './server-under-test.js';

/** A process that can be executed with inputs that were thought of. */
export interface Subject {
  readonly process: ProcessDescription;
  readonly inputs: Record<string, unknown>;
  /** Ids of the outputs that an execution with these inputs has. */
  readonly outputs: readonly string[];
}

type Condition = (process: ProcessDescription) => boolean;

export const bothModes: Condition = (process) => allows(process, 'sync-execute') && allows(process, 'async-execute');
export const syncCapable: Condition = (process) => allows(process, 'sync-execute');
export const asyncCapable: Condition = (process) => allows(process, 'async-execute');
const sends =
  (mode: string): Condition =>
  ({ outputTransmission = ['value'] }) =>
    outputTransmission.includes(mode);
export const sendsValues = sends('value');
export const sendsReferences = sends('reference');

/** Executions tried in the search for a process that works. */
const MOST_TRIED = 15;

/** Subjects by server and number of outputs: the search executes processes, so it is made once. */
const found = new WeakMap<ServerUnderTest, Map<string, Promise<Subject | undefined>>>();

/**
 * A process of at least `outputs` outputs that runs synchronously with inputs made from its description.
 * @throws NotTestable when there is none
 */
export async function subjectOf(server: ServerUnderTest, outputs: 1 | 2, ...conditions: Condition[]): Promise<Subject> {
  const known = found.get(server) ?? new Map<string, Promise<Subject | undefined>>();
  found.set(server, known);
  const key = [outputs, ...conditions.map(identityOf)].join(' ');
  const search = known.get(key) ?? findSubject(server, outputs, conditions);
  known.set(key, search);
  const subject = await search;
  if (subject !== undefined) return subject;
  throw new NotTestable(`no process runs with generated inputs and has ${outputs} or more outputs as needed here`);
}

const identities = new Map<Condition, number>();

/** Conditions made by one function look alike, so they are told apart as objects. */
function identityOf(condition: Condition): number {
  const identity = identities.get(condition) ?? identities.size;
  identities.set(condition, identity);
  return identity;
}

async function findSubject(
  server: ServerUnderTest,
  least: number,
  conditions: Condition[],
): Promise<Subject | undefined> {
  let tries = 0;
  for (const process of await server.processes()) {
    if (!syncCapable(process) || !conditions.every((condition) => condition(process))) continue;
    if (Object.keys(process.outputs ?? {}).length < least) continue;
    for (const inputs of [generousInputs(process), requiredInputs(process)]) {
      if (inputs === undefined || ++tries > MOST_TRIED) continue;
      const answer = await server.execute(process.id, { inputs, response: 'document' });
      if (answer.status !== 200) continue;
      const outputs = Object.keys(answer.json<Record<string, unknown>>());
      if (outputs.length >= least) return { process, inputs, outputs };
    }
  }
  return undefined;
}

/** All inputs of a plain JSON type, so that a process that echoes has much to echo; none that takes time or fails. */
function generousInputs(process: ProcessDescription): Record<string, unknown> | undefined {
  const required = requiredInputs(process);
  const optional = Object.entries(process.inputs ?? {}).filter(
    ([id, { schema, maxOccurs = 1 }]) => maxOccurs === 1 && !isTroublesome(id) && !isBinary(schema),
  );
  const values = optional.map(([id, { schema }]) => [id, sampleOf(schema)] as const);
  const sent = values.filter(([, value]) => value !== undefined).map(([id, value]) => [id, asSent(value)] as const);
  return required && { ...Object.fromEntries(sent), ...required };
}

const isTroublesome = (id: string) =>
  /pause|delay|sleep|wait|duration|^ms$|fail|error|journal|size|bytes|gate/i.test(id);

/** An input, and what else its process needs. */
export interface InputSubject {
  readonly process: ProcessDescription;
  readonly id: string;
  readonly input: InputDescription;
  readonly others: Record<string, unknown>;
}

/** The inputs of a kind, in all processes. @throws NotTestable when there is none */
export async function inputsOf(
  server: ServerUnderTest,
  kind: string,
  isWanted: (input: InputDescription, id: string) => boolean,
): Promise<InputSubject[]> {
  const subjects: InputSubject[] = [];
  for (const process of await server.processes()) {
    const others = requiredInputs(process);
    for (const [id, input] of Object.entries(process.inputs ?? {})) {
      if (others !== undefined && isWanted(input, id)) subjects.push({ process, id, input, others });
    }
  }
  if (subjects.length === 0) throw new NotTestable(`no process has an input that is ${kind}`);
  return subjects.slice(0, MOST_TRIED);
}

/** Passes when the server accepts a value for at least one of the inputs. @returns the accepted execution */
export async function accepts(
  server: ServerUnderTest,
  subjects: readonly InputSubject[],
  valueOf: (subject: InputSubject) => unknown,
): Promise<{ subject: InputSubject; answer: Exchange }> {
  let refusal = '';
  let isContent = true;
  for (const subject of subjects) {
    const inputs = { ...subject.others, [subject.id]: valueOf(subject) };
    const answer = await server.execute(subject.process.id, { inputs, response: 'document' });
    if ([200, 201].includes(answer.status)) return { subject, answer };
    isContent &&= answer.isRefusedContent;
    refusal ||= `${JSON.stringify({ [subject.id]: inputs[subject.id] })} was refused: ${answer.summary()}`;
  }
  if (isContent) throw new NotTestable(`no process likes the content of a value made for it: ${refusal}`);
  throw new Error(refusal);
}

/** An execution that takes about so many seconds. @throws NotTestable when no process can be told to take its time */
export async function slowExecution(
  server: ServerUnderTest,
  seconds: number,
): Promise<{ id: string; body: ExecuteBody }> {
  for (const process of (await server.processes()).filter(asyncCapable)) {
    const inputs = requiredInputs(process);
    for (const [id, { schema }] of Object.entries(process.inputs ?? {})) {
      if (inputs === undefined || !['integer', 'number'].includes(schema.type ?? '')) continue;
      if (/^(pause|delay|sleep|wait|duration)/i.test(id)) {
        return { id: process.id, body: { inputs: { ...inputs, [id]: Math.min(seconds, schema.maximum ?? seconds) } } };
      }
      if (/^(ms|millis)/i.test(id)) return { id: process.id, body: { inputs: { ...inputs, [id]: seconds * 1_000 } } };
    }
  }
  throw new NotTestable('no process has an input by which it takes its time (such as "pause", "delay" or "duration")');
}

/** An execution that ends as a failed job. @throws NotTestable when no process can be told to fail */
export async function failingExecution(server: ServerUnderTest): Promise<{ id: string; body: ExecuteBody }> {
  for (const process of (await server.processes()).filter(asyncCapable)) {
    const inputs = requiredInputs(process);
    const fail = Object.entries(process.inputs ?? {}).find(([id]) => /^(fail|error)/i.test(id));
    if (inputs === undefined || fail === undefined) continue;
    const [id, { schema }] = fail;
    return { id: process.id, body: { inputs: { ...inputs, [id]: sampleOf(schema) } } };
  }
  throw new NotTestable('no process can be told to fail (by an input such as "fail" or "error")');
}
