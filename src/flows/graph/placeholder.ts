/** Uses of placeholders in one trace; more are taken for a loop without an end. */
const MOST_USES = 20_000;

interface Origin {
  /** keys of the steps whose results this is made of; empty for an input */
  readonly steps: readonly string[];
  /** what it is, for people: `search.scenes` */
  readonly path: string;
}

/**
 * Stands in for values that are not known before a flow runs: inputs and results of steps. Whatever is read of one is
 * another one that remembers where it came from. What cannot be answered without the value is noted.
 */
export class Placeholders {
  /** The first thing that the code asked and that only a value can tell. */
  question?: string;
  private readonly origins = new WeakMap<object, Origin>();
  /** What was read of placeholders, and went nowhere yet. */
  private readonly unused = new Set<string>();
  /** Whole inputs and results that went nowhere yet. */
  private readonly unusedWholes = new Set<string>();
  private uses = 0;

  /** Stands for an input, or for the result of a step, as the code gets it. */
  whole(steps: readonly string[], path: string): unknown {
    this.unusedWholes.add(path);
    return this.make(steps, path);
  }

  make(steps: readonly string[], path: string): unknown {
    const placeholder: object = new Proxy(() => undefined, {
      get: (_, property) => this.read(placeholder, property),
      apply: () => this.derived(placeholder, '()'),
      has: () => true,
      ownKeys: () => [],
      getPrototypeOf: () => Object.prototype,
    });
    this.origins.set(placeholder, { steps, path });
    return placeholder;
  }

  /** Keys of the steps that values are made of. The placeholders among them count as used. */
  stepsIn(value: unknown): string[] {
    const steps = new Set<string>();
    const seen = new Set<unknown>();
    const visit = (candidate: unknown, depth: number): void => {
      if (candidate === null || (typeof candidate !== 'object' && typeof candidate !== 'function')) return;
      if (depth > 8 || seen.has(candidate) || seen.size > 1_000) return;
      seen.add(candidate);
      const origin = this.origins.get(candidate);
      if (origin) {
        this.use(origin.path);
        for (const step of origin.steps) steps.add(step);
      } else if (typeof candidate === 'object') {
        for (const member of Object.values(candidate)) visit(member, depth + 1);
      }
    };
    visit(value, 0);
    return [...steps];
  }

  /**
   * Why other steps may run with real values: the code asked for one, or it read one that went nowhere, so most likely
   * something was decided by it.
   * @param decides whether the code decides anything, so that this holds for whole inputs and results too
   */
  decisive(decides: boolean): string | undefined {
    const [first] = [...this.unused, ...(decides ? this.unusedWholes : [])];
    return this.question ?? (first === undefined ? undefined : `"${first}" may decide what runs`);
  }

  private read(placeholder: object, property: string | symbol): unknown {
    if (++this.uses > MOST_USES) throw new Error('the flow does not come to an end without real values');
    // Awaiting a placeholder gives the placeholder.
    if (property === 'then') return undefined;
    const { path, steps } = this.origins.get(placeholder)!;
    this.use(path);
    switch (property) {
      case Symbol.toPrimitive:
        return (hint: string) => (hint === 'string' ? `<${path}>` : this.ask(path));
      case Symbol.iterator:
        return () => this.elements(placeholder);
      case Symbol.toStringTag:
        return 'Object';
      case 'toJSON':
        return () => `<${path}>`;
      case 'map':
      case 'flatMap':
        return (work: (item: unknown, index: number) => unknown) => [work(this.make(steps, `${path}[]`), 0)];
      case 'forEach':
        return (work: (item: unknown, index: number) => unknown) => void work(this.make(steps, `${path}[]`), 0);
      case 'filter':
      case 'slice':
      case 'toSorted':
      case 'sort':
        return () => placeholder;
    }
    return typeof property === 'symbol' ? undefined : this.derived(placeholder, `.${property}`);
  }

  private derived(placeholder: object, part: string): unknown {
    const { steps, path } = this.origins.get(placeholder)!;
    const derived = `${path}${part}`.slice(0, 200);
    this.use(path);
    this.unused.add(derived);
    return this.make(steps, derived);
  }

  private use(path: string): void {
    this.unused.delete(path);
    this.unusedWholes.delete(path);
  }

  private *elements(placeholder: object): Generator {
    const { steps, path } = this.origins.get(placeholder)!;
    this.question ??= `"${path}" has an unknown number of elements`;
    yield this.make(steps, `${path}[]`);
  }

  private ask(path: string): number {
    this.question ??= `"${path}" is compared or computed with`;
    return NaN;
  }
}
