import type { TaskDefinition } from '../../processes/definition/task-definition.js';
import type { StepKind } from '../step-journal.js';
import { declaredTasks } from '../task-graph-runner.js';

/** A step of a flow. */
export interface GraphNode {
  /** as in the memory of a job; an element of a `context.map` is `*` */
  readonly key: string;
  readonly name: string;
  readonly kind: StepKind;
  /** It runs once for each element of a `context.map`. */
  readonly mapped?: true;
  /** It runs with some inputs only. */
  readonly optional?: true;
}

/** The steps of a flow and which of them come after which. */
export interface TaskGraph {
  readonly nodes: readonly GraphNode[];
  /** keys of nodes: `to` uses the result of `from`, or begins after it */
  readonly edges: readonly { readonly from: string; readonly to: string }[];
  /** False: there may be steps that are not shown. */
  readonly complete: boolean;
  /** Why the graph is not complete, for people. */
  readonly reason?: string;
}

/** The graph that `after` declares. */
export function declaredGraph(tasks: readonly TaskDefinition[]): TaskGraph {
  const declared = declaredTasks(tasks);
  return {
    nodes: declared.map(({ name }) => ({ key: name, name, kind: 'task' })),
    edges: declared.flatMap(({ name, after = [] }) => after.map((from) => ({ from, to: name }))),
    complete: true,
  };
}

/** The graph of a flow that was traced with all inputs and with the required ones: what is not in both is optional. */
export function mergeGraphs(full: TaskGraph, sparse: TaskGraph): TaskGraph {
  const both = new Set(full.nodes.map(({ key }) => key).filter((key) => sparse.nodes.some((node) => node.key === key)));
  const nodes = new Map([...sparse.nodes, ...full.nodes].map((node) => [node.key, node]));
  const edges = new Map([...full.edges, ...sparse.edges].map((edge) => [JSON.stringify([edge.from, edge.to]), edge]));
  const reason = full.reason ?? sparse.reason;
  const order = [...full.nodes, ...sparse.nodes].map(({ key }) => key);
  return {
    nodes: [...new Set(order)].map((key) => ({
      ...nodes.get(key)!,
      ...(!both.has(key) && { optional: true as const }),
    })),
    edges: [...edges.values()],
    complete: full.complete && sparse.complete,
    ...(reason !== undefined && { reason }),
  };
}
