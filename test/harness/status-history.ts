/** What a client did to a job, from the call to the answer; both are places in the order of all calls and answers. */
export interface Operation {
  readonly job: string;
  readonly called: number;
  readonly answered: number;
  readonly kind: 'post' | 'get' | 'delete';
  /**
   * Of a `post` that it was accepted; of a `get` the status, or `gone`; of a `delete` that the job was `dismissed`, or
   * removed because it had ended (`removed`), or `gone`. `unknown`: there was no answer, or none that says.
   */
  readonly outcome: string;
}

const FINAL = new Set(['successful', 'failed', 'dismissed', 'gone']);

/** What was written down while clients worked at once. */
export class StatusHistory {
  readonly operations: Operation[] = [];
  private clock = 0;

  /** Carries out an operation and writes it down. @param work gives the job and the outcome */
  async record(kind: Operation['kind'], work: () => Promise<Pick<Operation, 'job' | 'outcome'>>): Promise<Operation> {
    const called = this.clock++;
    const done = await work();
    const operation = { kind, called, answered: this.clock++, ...done };
    this.operations.push(operation);
    return operation;
  }
}

/**
 * Whether there is an order of all operations, each at some moment between its call and its answer, in which every job
 * behaves as one that exists once: it is there from its acceptance on, goes to and fro between accepted and running,
 * ends once, never changes after its end, and is removed only by a `delete`.
 *
 * @returns in words what contradicts that
 */
export function contradictions(operations: readonly Operation[]): string[] {
  const jobs = new Set(operations.map(({ job }) => job).filter((job) => job !== ''));
  return [...jobs].flatMap((job) => contradictionsOf(operations.filter((operation) => operation.job === job)));
}

function contradictionsOf(operations: readonly Operation[]): string[] {
  const found: string[] = [];
  const blame = (what: string, ...involved: Operation[]) => found.push(`${what}: ${JSON.stringify(involved)}`);
  const before = (one: Operation, other: Operation) => one.answered < other.called;
  const deletes = operations.filter(({ kind }) => kind === 'delete');
  const known = operations.filter(({ kind, outcome }) => kind !== 'post' && outcome !== 'unknown');
  const accepted = operations.find(({ kind }) => kind === 'post');

  for (const later of known) {
    const state = stateAfter(later);
    if (accepted === undefined || later.answered < accepted.called) blame('known before it was accepted', later);
    const begun = deletes.filter((one) => one !== later && one.called < later.answered);
    if (state === 'gone' && later.outcome === 'gone' && !begun.some(({ outcome }) => mayRemove(outcome))) {
      blame('gone, and nobody removed it', later);
    }
    if (later.kind === 'get' && state === 'dismissed' && begun.length === 0) {
      blame('dismissed, and nobody asked for it', later);
    }
    for (const earlier of known) {
      if (!before(earlier, later)) continue;
      const was = stateAfter(earlier);
      if (!FINAL.has(was) || was === state || state === 'gone') continue;
      // A delete tells of a removal what the job had been before, which is not known here.
      blame('changed after its end', earlier, later);
    }
  }
  const ends = new Set(known.map(stateAfter).filter((state) => FINAL.has(state) && state !== 'gone'));
  if (ends.size > 1) blame(`ended as ${[...ends].join(' and ')}`, ...known);
  return found;
}

/** How the job stands when the operation has been answered. */
function stateAfter({ kind, outcome }: Operation): string {
  return kind === 'delete' && outcome === 'removed' ? 'gone' : outcome;
}

/** A `delete` without an answer may have removed the job; one that found nothing has not. */
function mayRemove(outcome: string): boolean {
  return outcome === 'removed' || outcome === 'unknown';
}
