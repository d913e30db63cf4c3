import { InputFile } from '../processes/input-file.js';
import { jsonArguments } from './input-hash.js';
import type { RemoteArguments, RemoteMark } from './step-journal.js';

/** Bytes of JSON that a task may be handed over with. */
const LARGEST = 1024 ** 2;

/** What the places of the marks stand for, where the flow runs and where the task does. */
export interface RemotePlaces {
  readonly context: unknown;
  /** The values that `execute` was called with. */
  readonly inputs: unknown;
}

/**
 * The arguments of a task in the form in which another worker is given them: JSON, with the places of files, of the
 * inputs as a whole and of the context named beside it, so that no value can pass for one of these.
 * @throws TypeError for what JSON cannot hold, RangeError for too much of it
 */
export function toRemoteArguments(name: string, args: readonly unknown[], places: RemotePlaces): RemoteArguments {
  const marks: RemoteMark[] = [];
  const values = jsonArguments(
    name,
    args.map((argument, index) => withoutMarked(argument, [index], marks, places)),
  );
  const size = Buffer.byteLength(JSON.stringify(values));
  if (size > LARGEST) {
    throw new RangeError(
      `The task "${name}" is called with ${size} bytes of JSON, more than 1 MiB, which another worker cannot be given. ` +
        'Pass the inputs as a whole, a file among them, or where the data is.',
    );
  }
  return { values, ...(marks.length > 0 && { marks }) };
}

/** The arguments that {@link toRemoteArguments} was given, with the context and the inputs of this run in their places. */
export function fromRemoteArguments({ values, marks = [] }: RemoteArguments, given: RemotePlaces): unknown[] {
  const places = { ...given, nothing: undefined };
  const args = structuredClone(values) as unknown[];
  for (const mark of marks) {
    const value = mark.is === 'file' ? new InputFile(mark.path, mark.size, mark.mediaType, mark.name) : places[mark.is];
    const [last, ...outer] = [...mark.at].reverse();
    const holder = outer.reduceRight((place, part) => (place as Record<string, unknown>)[part], args as unknown);
    (holder as Record<string, unknown>)[last] = value;
  }
  return args;
}

/** A copy in which null stands for everything that gets a mark. Arguments without any are left as they are. */
function withoutMarked(value: unknown, at: RemoteMark['at'], marks: RemoteMark[], places: RemotePlaces): unknown {
  if (value === undefined && at.length === 1) marks.push({ at, is: 'nothing' });
  if (typeof value !== 'object' || value === null) return value;
  const mark = markOf(value, at, places);
  if (mark !== undefined) {
    marks.push(mark);
    return null;
  }
  if (Array.isArray(value)) return value.map((item, index) => withoutMarked(item, [...at, index], marks, places));
  if (Reflect.getPrototypeOf(value) !== Object.prototype) return value;
  const members = Object.entries(value).map(([key, member]) => [
    key,
    withoutMarked(member, [...at, key], marks, places),
  ]);
  return Object.fromEntries(members);
}

function markOf(value: object, at: RemoteMark['at'], { context, inputs }: RemotePlaces): RemoteMark | undefined {
  if (value === context) return { at, is: 'context' };
  if (value === inputs) return { at, is: 'inputs' };
  if (!(value instanceof InputFile)) return undefined;
  const { path, size, mediaType, name } = value;
  return { at, is: 'file', path, size, mediaType, ...(name !== undefined && { name }) };
}
