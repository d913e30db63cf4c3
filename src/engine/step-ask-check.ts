import { isAbsolute } from 'node:path';
import { isStorableText } from '../database/storable-text.js';
import type { Artifact, StepCache, StepEnd, StepKind } from '../flows/step-journal.js';
import { isJsonObject } from '../ogc/json-object.js';
import { isMediaType } from '../ogc/media-type.js';
import { LONGEST_STEP_TEXT, type StepAsk } from './step-asks.js';

/** Bytes of UTF-8 in the key of a step or of an artifact: it is part of an index, whose entries are bounded. */
export const LONGEST_KEY = 1_000;
/** Bytes of a value's JSON. */
export const LARGEST_VALUE = 1024 ** 2;
const LONGEST_NAME = 500;
const MOST_KEYS = 10_000;
const MOST_TAGS = 100;
const MOST_OUTPUTS = 1_000;
/** A hundred years in milliseconds: every point of time that comes of it can be stored. */
const LONGEST_DURATION = 100 * 366 * 24 * 3_600_000;
const SHA256 = /^[0-9a-f]{64}$/;

const KINDS: Record<StepKind, true> = { task: true, run: true, sleep: true, input: true, process: true };
const SCOPES: Record<StepCache['scope'], true> = { job: true, process: true, global: true };
const ARTIFACTS: Record<Artifact['type'], true> = {
  table: true,
  markdown: true,
  link: true,
  image: true,
  progress: true,
};
const COMPLETED: Record<Extract<StepEnd, { end: 'completed' }>['name'], true> = { Completed: true, Skipped: true };
const FAILED: Record<Extract<StepEnd, { end: 'failed' }>['name'], true> = {
  Failed: true,
  TimedOut: true,
  TriggerFailed: true,
};

type Faults = Generator<string, void>;

/**
 * Looks whether an ask has the full shape and keeps within the bounds, so that what follows may rely on it.
 * @returns what is wrong with it, in words for the author of a process; undefined when nothing is
 */
export function stepAskFault(ask: Readonly<Record<string, unknown>>): string | undefined {
  return faultsOf(ask).next().value ?? undefined;
}

/** Whether what was sent is a {@link StepAsk}. */
export function isStepAsk(ask: Readonly<Record<string, unknown>>): ask is Readonly<Record<string, unknown>> & StepAsk {
  return stepAskFault(ask) === undefined;
}

function* faultsOf({ call, step, end, artifact }: Readonly<Record<string, unknown>>): Faults {
  if (call === 'begin') yield* startFaults(step);
  else if (call === 'end') yield* endFaults(end);
  else if (call === 'keep') yield* artifactFaults(artifact);
  else yield 'a call of the journal is begin, end or keep';
}

function* startFaults(step: unknown): Faults {
  if (!isJsonObject(step)) return yield 'a step must be an object';
  yield* keyFaults(step.key, 'the key of a step');
  const what = `the step "${String(step.key)}"`;
  if (!isText(step.name, LONGEST_NAME) || step.name === '')
    yield `${what}: its name must have 1 to ${LONGEST_NAME} characters`;
  if (!isOneOf(step.kind, KINDS)) yield `${what}: its kind is not known`;
  if (step.parent !== undefined) yield* keyFaults(step.parent, `${what}: its parent`);
  if (!isText(step.inputHash, 200)) yield `${what}: its input hash is no digest`;
  if (step.onDrift !== undefined && step.onDrift !== 'fail' && step.onDrift !== 'rerun')
    yield `${what}: onDrift is fail or rerun`;
  if (!isList(step.after, MOST_KEYS, isKey)) yield `${what}: after must be at most ${MOST_KEYS} keys of steps`;
  if (step.tags !== undefined && !isList(step.tags, MOST_TAGS, (tag) => isText(tag, LONGEST_NAME)))
    yield `${what}: it has at most ${MOST_TAGS} tags of at most ${LONGEST_NAME} characters`;
  if (step.cache !== undefined && !isCache(step.cache)) yield `${what}: its cache has no key, no scope or no right ttl`;
  if (step.limits !== undefined && !isList(step.limits, MOST_TAGS, isLimit))
    yield `${what}: a limit has a key, and a whole number from 0 on`;
  if (step.arguments !== undefined) yield* argumentFaults(step.arguments, step.kind, what);
  if (step.sleep !== undefined ? !isDuration(step.sleep) : step.kind === 'sleep')
    yield `${what}: a sleep lasts from 0 milliseconds to 100 years`;
  if (step.request !== undefined || step.kind === 'input') yield* requestFaults(step.request, what);
  if (step.process !== undefined || step.kind === 'process') yield* processFaults(step.process, what);
}

function* argumentFaults(given: unknown, kind: unknown, what: string): Faults {
  if (kind !== 'task' || !isJsonObject(given) || !Array.isArray(given.values))
    return yield `${what}: only a task has arguments, which are a list`;
  if (given.marks !== undefined && !isList(given.marks, MOST_KEYS, isMark))
    yield `${what}: its arguments have more than ${MOST_KEYS} files`;
  yield* valueFaults(given, what);
}

function* endFaults(end: unknown): Faults {
  if (!isJsonObject(end)) return yield 'the end of a step must be an object';
  yield* keyFaults(end.key, 'the key of a step');
  const what = `the step "${String(end.key)}"`;
  switch (end.end) {
    case 'completed':
      if (!isOneOf(end.name, COMPLETED)) yield `${what}: it ends as Completed or Skipped`;
      yield* valueFaults(end.value, what);
      if (end.message !== undefined && !isText(end.message, LONGEST_STEP_TEXT))
        yield `${what}: its message is too long`;
      if (end.outputs !== undefined && !isList(end.outputs, MOST_OUTPUTS, isOutput))
        yield `${what}: its outputs are not files of this execution`;
      return;
    case 'failed':
      if (!isOneOf(end.name, FAILED)) yield `${what}: it fails as Failed, TimedOut or TriggerFailed`;
      if (!isFault(end.fault)) yield `${what}: its fault has no name or no message`;
      return;
    case 'retry':
      if (!isFault(end.fault)) yield `${what}: its fault has no name or no message`;
      if (!isDuration(end.delay)) yield `${what}: a retry is delayed by 0 milliseconds to 100 years`;
      return;
    case 'paused':
      return yield* requestFaults(end.request, what);
    default:
      yield `${what}: it has no known end`;
  }
}

function* artifactFaults(artifact: unknown): Faults {
  if (!isJsonObject(artifact)) return yield 'an artifact must be an object';
  yield* keyFaults(artifact.key, 'the key of an artifact');
  const what = `the artifact "${String(artifact.key)}"`;
  if (!isOneOf(artifact.type, ARTIFACTS)) yield `${what}: its type is not known`;
  if (artifact.data === undefined) yield `${what}: it has no data`;
  yield* valueFaults(artifact.data, what);
  if (artifact.description !== undefined && !isText(artifact.description, LONGEST_STEP_TEXT))
    yield `${what}: its description is too long`;
  if (artifact.step !== undefined) yield* keyFaults(artifact.step, `${what}: its step`);
}

function* requestFaults(request: unknown, what: string): Faults {
  if (!isJsonObject(request) || !isJsonObject(request.schema)) return yield `${what}: what it asks for has no schema`;
  yield* valueFaults(request.schema, what);
  if (request.message !== undefined && !isText(request.message, LONGEST_STEP_TEXT))
    yield `${what}: its message is too long`;
  if (!isDuration(request.timeout)) yield `${what}: an answer is waited for from 0 milliseconds to 100 years`;
}

function* processFaults(process: unknown, what: string): Faults {
  if (!isJsonObject(process) || !isText(process.id, LONGEST_NAME) || !isJsonObject(process.inputs))
    return yield `${what}: it names no process and its inputs`;
  yield* valueFaults(process.inputs, what);
}

function* keyFaults(key: unknown, what: string): Faults {
  if (!isKey(key)) yield `${what} must be text of 1 to ${LONGEST_KEY} bytes, without NUL`;
}

function* valueFaults(value: unknown, what: string): Faults {
  if (value === undefined) return;
  const size = jsonSize(value);
  if (size === undefined) yield `${what}: it has a value that JSON cannot hold`;
  else if (size > LARGEST_VALUE)
    yield `${what}: it has a value of ${size} bytes of JSON, more than ${LARGEST_VALUE}; write an output or a file instead`;
}

/** @returns bytes; undefined when JSON cannot hold it */
function jsonSize(value: unknown): number | undefined {
  try {
    const json = JSON.stringify(value) as string | undefined;
    return json === undefined ? undefined : Buffer.byteLength(json);
  } catch {
    return undefined;
  }
}

function isKey(key: unknown): boolean {
  return isText(key, LONGEST_KEY) && key !== '' && Buffer.byteLength(key as string) <= LONGEST_KEY;
}

function isText(text: unknown, longest: number): boolean {
  return typeof text === 'string' && text.length <= longest && isStorableText(text);
}

function isOneOf(value: unknown, known: Readonly<Record<string, true>>): boolean {
  return typeof value === 'string' && Object.hasOwn(known, value);
}

function isList(list: unknown, most: number, check: (item: unknown) => boolean): boolean {
  return Array.isArray(list) && list.length <= most && list.every(check);
}

/** Milliseconds, from none to a hundred years. */
export function isDuration(duration: unknown): boolean {
  return typeof duration === 'number' && duration >= 0 && duration <= LONGEST_DURATION;
}

function isCache(cache: unknown): boolean {
  return (
    isJsonObject(cache) &&
    isText(cache.key, 200) &&
    isOneOf(cache.scope, SCOPES) &&
    (cache.ttl === undefined || isDuration(cache.ttl)) &&
    (cache.refresh === undefined || typeof cache.refresh === 'boolean')
  );
}

function isLimit(limit: unknown): boolean {
  return isJsonObject(limit) && isKey(limit.key) && Number.isSafeInteger(limit.limit) && (limit.limit as number) >= 0;
}

function isMark(mark: unknown): boolean {
  if (!isJsonObject(mark) || !Array.isArray(mark.at) || mark.at.length === 0) return false;
  if (mark.is === 'context' || mark.is === 'inputs' || mark.is === 'nothing') return true;
  return (
    mark.is === 'file' &&
    typeof mark.path === 'string' &&
    isAbsolute(mark.path) &&
    isMediaType(mark.mediaType) &&
    (mark.name === undefined || isText(mark.name, LONGEST_NAME))
  );
}

function isFault(fault: unknown): boolean {
  return (
    isJsonObject(fault) &&
    isText(fault.name, LONGEST_STEP_TEXT) &&
    isText(fault.message, LONGEST_STEP_TEXT) &&
    (fault.input === undefined || isText(fault.input, LONGEST_STEP_TEXT))
  );
}

function isOutput(output: unknown): boolean {
  return (
    isJsonObject(output) &&
    isText(output.id, LONGEST_STEP_TEXT) &&
    isText(output.path, LONGEST_STEP_TEXT) &&
    isAbsolute(output.path as string) &&
    Number.isSafeInteger(output.size) &&
    (output.size as number) >= 0 &&
    typeof output.sha256 === 'string' &&
    SHA256.test(output.sha256) &&
    isMediaType(output.mediaType)
  );
}
