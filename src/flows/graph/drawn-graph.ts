import type { GraphNode, TaskGraph } from './task-graph.js';

/** A step as pictures show it: what is known of it before a run, and what became of it in a job. */
export interface DrawnNode extends GraphNode {
  /** key of the step in which it was called */
  readonly parent?: string;
  /** Absent: it has not begun. Of a step of a `context.map` the state that says most about all its runs. */
  readonly state?: { readonly type: string; readonly name: string };
  /** number of the last attempt; the highest among the runs of a step of a `context.map` */
  readonly attempt?: number;
  /** ISO 8601 */
  readonly started?: string;
  /** ISO 8601; once all its runs have ended */
  readonly finished?: string;
  /** Of a step of a `context.map`: how many of its runs are in which state, by state type. */
  readonly counts?: Readonly<Record<string, number>>;
}

/** A graph to be drawn. */
export interface DrawnGraph extends TaskGraph {
  readonly nodes: readonly DrawnNode[];
}

const KINDS: Record<GraphNode['kind'], string> = {
  task: 'task',
  run: 'step',
  sleep: 'sleep',
  input: 'asks for input',
  process: 'other process',
};

/** Edges between nodes that are there, without those from a node to itself. */
export function drawnEdges({ nodes, edges }: DrawnGraph): { from: string; to: string; isCall: boolean }[] {
  const keys = new Set(nodes.map(({ key }) => key));
  const calls = nodes.flatMap(({ key, parent }) =>
    parent === undefined ? [] : [{ from: parent, to: key, isCall: true }],
  );
  const data = edges.map(({ from, to }) => ({ from, to, isCall: false }));
  return [...data, ...calls].filter(({ from, to }) => from !== to && keys.has(from) && keys.has(to));
}

/** The second line of a node: what kind of step it is, or how far it has come. */
export function captionOf(node: DrawnNode): string {
  const { kind, mapped, optional, state, attempt = 1, counts } = node;
  const parts = [
    ...(kind === 'task' && state !== undefined ? [] : [kindText(node)]),
    ...(counts === undefined ? (state === undefined ? [] : [state.name]) : [countsText(counts)]),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(mapped && counts === undefined ? ['for each item'] : []),
    ...(optional && state === undefined ? ['with some inputs'] : []),
  ];
  return parts.join(' · ');
}

function kindText({ kind, state }: DrawnNode): string {
  return kind === 'input' && state?.type === 'COMPLETED' ? 'asked for input' : KINDS[kind];
}

/** Everything about a node in words, for tool tips and screen readers. */
export function descriptionOf(node: DrawnNode): string {
  const { name, key, started, finished } = node;
  const times = [started && `began ${started}`, finished && `ended ${finished}`].filter(Boolean);
  return [key === name ? name : `${name} (${key})`, captionOf(node), ...times].join(', ');
}

/** `{COMPLETED: 3, FAILED: 1}` -> `3 completed, 1 failed` */
function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([state, count]) => `${count} ${state.toLowerCase()}`)
    .join(', ');
}
