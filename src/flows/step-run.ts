/** Where a step stands, as far as it keeps the flow from being put aside. */
type Phase = 'journal' | 'executing' | 'waiting' | 'suspended';

/** A step that has begun and not ended. */
export class StepRun {
  phase: Phase = 'journal';
  /** The steps called by its code, in the attempt under way. */
  place?: StepPlace;

  constructor(readonly key: string) {}

  /** Whether it gets on by itself. Code that called steps is taken to wait for them. */
  isBusy(): boolean {
    if (this.phase !== 'executing') return this.phase !== 'suspended';
    return this.place === undefined || this.place.open.size === 0 || this.place.isBusy();
  }
}

/** Where steps are called from: the flow, or one attempt of a step. */
export class StepPlace {
  readonly open = new Set<StepRun>();
  /** Ids of outputs written here, also by steps called from here. */
  readonly outputs = new Set<string>();
  readonly writes = new Set<Promise<void>>();
  /** The attempt has ended: nothing can begin here. */
  hasEnded = false;
  /** What comes from here is discarded: the attempt has taken too long. */
  private isDiscarded = false;

  constructor(private readonly parent?: StepPlace) {}

  discard(): void {
    this.isDiscarded = true;
  }

  /** Whether results from here still count. */
  get counts(): boolean {
    return !this.isDiscarded && (this.parent?.counts ?? true);
  }

  isBusy(): boolean {
    return [...this.open].some((run) => run.isBusy());
  }
}
