import pLimit from 'p-limit';
import type { MapOptions } from '../processes/job-context.js';
import { flowFrames } from '../processes/running-flow.js';
import type { StepFrame, StepHost } from './step-host.js';
import { inputHash } from './input-hash.js';
import { StepScope } from './step-key.js';

const DEFAULT_CONCURRENCY = 8;

/** `context.map`: each element is a place of its own for the steps that are called for it. */
export async function mapItems<Item, Result>(
  session: StepHost,
  items: Iterable<Item>,
  work: (item: Item, index: number) => Result | Promise<Result>,
  { key, concurrency = DEFAULT_CONCURRENCY, name = 'map' }: MapOptions<Item> = {},
): Promise<Awaited<Result>[]> {
  if (!/^[^/#[\]\p{Cc}]{1,100}$/u.test(name)) {
    throw new TypeError(`map: the name must be text without / # [ ], not ${JSON.stringify(name)}`);
  }
  const outer = session.frame();
  const elements = [...items];
  const keys = elementKeys(elements, key);
  const place = outer.scope.begin(name);
  const limit = pLimit(concurrency);
  const origin = session.edges.origin([items]);
  const before = origin.length > 0 ? origin : [...outer.scope.last];
  const ended = new Set<string>();
  let hasFailed = false;
  const run = async (item: Item, index: number): Promise<Awaited<Result>> => {
    // What has failed is passed on already; elements that did not begin stay away.
    if (hasFailed) return undefined as Awaited<Result>;
    const scope = new StepScope(`${place}[${keys[index]}]/`, before);
    try {
      return await flowFrames.run(elementFrame(outer, scope), () => work(item, index));
    } catch (error) {
      hasFailed = true;
      throw error;
    } finally {
      for (const step of scope.last) if (!before.includes(step)) ended.add(step);
    }
  };
  try {
    return await Promise.all(elements.map((item, index) => limit(() => run(item, index))));
  } finally {
    outer.scope.leave(name, ended);
  }
}

function elementFrame(outer: StepFrame, scope: StepScope): StepFrame {
  return {
    flow: outer.flow,
    scope,
    place: outer.place,
    isInTransaction: outer.isInTransaction,
    step: outer.step,
    get signal() {
      return outer.signal;
    },
  };
}

function elementKeys<Item>(items: readonly Item[], key: MapOptions<Item>['key']): string[] {
  const keys = items.map((item, index) => (key ? String(key(item, index)) : defaultKey(item)));
  const seen = new Set<string>();
  for (const [index, text] of keys.entries()) {
    if (seen.has(text)) {
      throw new Error(
        `map: element ${index} has the same key "${text}" as an earlier one; tell them apart with the option \`key\`.`,
      );
    }
    seen.add(text);
  }
  return keys.map(escaped);
}

function defaultKey(item: unknown): string {
  return typeof item === 'string' || typeof item === 'number' ? String(item) : inputHash('', [item]).slice(0, 12);
}

/** Keeps the characters that build keys out of a key that comes from data, and the key short. */
function escaped(key: string): string {
  const plain = key.replace(
    /[%/#[\]\p{Cc}]/gu,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return plain.length <= 200 ? plain : `${plain.slice(0, 180)}~${inputHash('', [key]).slice(0, 12)}`;
}
