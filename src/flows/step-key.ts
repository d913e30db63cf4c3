import { NonDeterminismError } from './non-determinism.error.js';

/**
 * The place in which steps are called: the flow itself, a task, or an element of a `context.map`. Gives steps their keys:
 * the same ones at every replay, as long as the code takes the same way.
 */
export class StepScope {
  private readonly uses = new Map<string, number>();
  private readonly open = new Set<string>();
  private recent = new Set<string>();
  private isFresh = false;

  /**
   * @param prefix what the keys begin with: empty, or ending with `/`
   * @param recent keys of the steps that came before the first one here
   */
  constructor(
    readonly prefix: string,
    recent: Iterable<string> = [],
  ) {
    this.recent = new Set(recent);
  }

  /**
   * A key for a step that begins, or for a place inside this one: its name, from the second use on with `#2`, `#3`...
   * @throws NonDeterminismError when what has that name has not ended yet, so that the order of the two is left to chance
   */
  begin(name: string): string {
    if (this.open.has(name)) {
      throw NonDeterminismError.ofNames(name, this.prefix ? `"${this.prefix.slice(0, -1)}"` : 'the flow');
    }
    this.open.add(name);
    this.isFresh = false;
    return this.prefix + this.numbered(name);
  }

  /** The step that {@link begin} was called for has ended. */
  end(name: string, key: string): void {
    this.leave(name, new Set([key]));
  }

  /** The place that {@link begin} was called for is left. @param ended keys of the steps that ended last in it */
  leave(name: string, ended: ReadonlySet<string>): void {
    this.open.delete(name);
    if (ended.size > 0) this.endedAs(ended);
  }

  /** Steps ended last that this place did not begin. */
  endedAs(keys: Iterable<string>): void {
    if (!this.isFresh) this.recent = new Set();
    this.isFresh = true;
    for (const key of keys) this.recent.add(key);
  }

  /** Keys of the steps that ended last, before the next one began. */
  get last(): ReadonlySet<string> {
    return this.recent;
  }

  private numbered(name: string): string {
    const use = (this.uses.get(name) ?? 0) + 1;
    this.uses.set(name, use);
    return use === 1 ? name : `${name}#${use}`;
  }
}
