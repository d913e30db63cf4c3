/** Objects that are looked at, per result and per call. */
const MOST_OBJECTS = 1_000;
const MOST_EDGES = 1_000;

/** Knows which step an object came from, and so which steps a call uses the results of. */
export class DataEdges {
  /** Made with the first result: most executions have no steps, and a WeakMap is dear to the garbage collector. */
  private origins?: WeakMap<object, string>;

  /** @param value the result of the step `key` */
  remember(key: string, value: unknown): void {
    this.origins ??= new WeakMap();
    for (const object of objectsIn(value)) this.origins.set(object, key);
  }

  /** Keys of the steps that objects in `values` came from. */
  origin(values: readonly unknown[]): string[] {
    if (this.origins === undefined) return [];
    const keys = new Set<string>();
    for (const object of objectsIn(values)) {
      const key = this.origins.get(object);
      if (key !== undefined) keys.add(key);
      if (keys.size >= MOST_EDGES) break;
    }
    return [...keys];
  }
}

function* objectsIn(value: unknown): Generator<object> {
  const waiting: unknown[] = [value];
  const seen = new Set<object>();
  for (let next = 0; next < waiting.length && seen.size < MOST_OBJECTS; next++) {
    const candidate = waiting[next];
    if (typeof candidate !== 'object' || candidate === null || seen.has(candidate)) continue;
    seen.add(candidate);
    yield candidate;
    if (waiting.length < MOST_OBJECTS * 10 && !ArrayBuffer.isView(candidate)) waiting.push(...membersOf(candidate));
  }
}

/** The members of plain data; what has a class of its own, such as the context, is not looked into. */
function membersOf(object: object): unknown[] {
  if (Array.isArray(object)) return object.slice(0, MOST_OBJECTS);
  const descriptors = Object.values(Object.getOwnPropertyDescriptors(object)).slice(0, MOST_OBJECTS);
  return descriptors.map(({ value }: PropertyDescriptor): unknown => value);
}
