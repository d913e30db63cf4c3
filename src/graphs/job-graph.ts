import { collapsedKey, outweighs } from '../flows/graph/collapsed-maps.js';
import type { DrawnGraph, DrawnNode } from '../flows/graph/drawn-graph.js';
import type { TaskGraph } from '../flows/graph/task-graph.js';
import { isTerminal, type StateType } from '../jobs/job-state.js';
import type { TaskListRow } from '../tasks/store/task-list.js';

/** What the graph of a job takes of a step. */
export type StepOfJob = Pick<
  TaskListRow,
  'key' | 'name' | 'kind' | 'parent' | 'state_type' | 'state_name' | 'attempt' | 'after' | 'started_at' | 'finished_at'
>;

interface Group {
  readonly first: StepOfJob;
  readonly counts: Partial<Record<StateType, number>>;
  state: { type: StateType; name: string };
  attempt: number;
  started: Date | null;
  finished: Date | null;
  hasEnded: boolean;
}

/**
 * Puts together what a flow was expected to do and what its job has done. The steps of the elements of a `context.map`
 * are one node. Steps are added in the order of their beginning; there may be very many of them.
 */
export class JobGraph {
  private readonly groups = new Map<string, Group>();
  private readonly edges = new Map<string, { from: string; to: string }>();

  /** @param traced the graph of the process, if it is known in the version of the job */
  constructor(private readonly traced: TaskGraph) {
    for (const { from, to } of traced.edges) this.connect(from, to);
  }

  add(step: StepOfJob): void {
    const key = collapsedKey(step.key);
    for (const from of step.after) this.connect(collapsedKey(from), key);
    const { state_type: type, state_name: name, attempt, started_at: started, finished_at: finished } = step;
    const group = this.groups.get(key);
    if (group === undefined) {
      const state = { type, name };
      const hasEnded = isTerminal(type);
      this.groups.set(key, { first: step, counts: { [type]: 1 }, state, attempt, started, finished, hasEnded });
      return;
    }
    group.counts[type] = (group.counts[type] ?? 0) + 1;
    if (outweighs(type, group.state.type)) group.state = { type, name };
    group.attempt = Math.max(group.attempt, attempt);
    group.started = extreme(group.started, started, Math.min);
    group.finished = extreme(group.finished, finished, Math.max);
    group.hasEnded &&= isTerminal(type);
  }

  /** @param hasEnded whether the job has, so that no step follows any more */
  drawn(hasEnded: boolean): DrawnGraph {
    const { nodes: expected, complete, reason } = this.traced;
    const keys = new Set(expected.map(({ key }) => key));
    const nodes = [
      ...expected.map((node) => withRuns(node, this.groups.get(node.key))),
      ...[...this.groups].filter(([key]) => !keys.has(key)).map(([key, group]) => withRuns(ofGroup(key, group), group)),
    ];
    // What has happened is all there is once the job has ended.
    const isComplete = complete || hasEnded;
    return {
      nodes,
      edges: [...this.edges.values()],
      complete: isComplete,
      ...(!isComplete && reason !== undefined && { reason }),
    };
  }

  private connect(from: string, to: string): void {
    if (from !== to) this.edges.set(JSON.stringify([from, to]), { from, to });
  }
}

function ofGroup(key: string, { first: { name, kind, parent } }: Group): DrawnNode {
  return {
    key,
    name,
    kind,
    ...(key.includes('[*]/') && { mapped: true }),
    ...(parent !== null && { parent: collapsedKey(parent) }),
  };
}

function withRuns(node: DrawnNode, group: Group | undefined): DrawnNode {
  if (group === undefined) return node;
  const { counts, state, attempt, started, finished, hasEnded } = group;
  return {
    ...node,
    state,
    attempt,
    ...(started && { started: started.toISOString() }),
    ...(hasEnded && finished && { finished: finished.toISOString() }),
    ...(node.mapped && { counts }),
  };
}

function extreme(a: Date | null, b: Date | null, choose: (a: number, b: number) => number): Date | null {
  if (a === null || b === null) return a ?? b;
  return new Date(choose(a.getTime(), b.getTime()));
}
