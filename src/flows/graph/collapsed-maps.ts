import type { DrawnGraph, DrawnNode } from './drawn-graph.js';

/** Which of several states says most about all of them. */
const WEIGHTS = [
  'FAILED',
  'CRASHED',
  'RUNNING',
  'CANCELLING',
  'PAUSED',
  'SCHEDULED',
  'PENDING',
  'CANCELLED',
  'COMPLETED',
] as const;

/** The key of a step without the elements of the maps it belongs to: `map[7]/fetch` -> `map[*]/fetch`. */
export function collapsedKey(key: string): string {
  return key.replace(/\[[^[\]/]*\](?=\/)/g, '[*]');
}

/** Whether the first state says more about a group than the second. */
export function outweighs(state: string, other: string): boolean {
  return weightOf(state) < weightOf(other);
}

function weightOf(state: string): number {
  const weight = (WEIGHTS as readonly string[]).indexOf(state);
  return weight < 0 ? WEIGHTS.length : weight;
}

/** Makes one node of all steps of each `context.map`, the outermost ones: for graphs too large to be looked at. */
export function collapseMaps(graph: DrawnGraph): DrawnGraph {
  const place = (key: string) => /^.*?\[\*\](?=\/)/s.exec(key)?.[0] ?? key;
  const groups = new Map<string, DrawnNode[]>();
  for (const node of graph.nodes) {
    const key = place(node.key);
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  const edges = graph.edges.map(({ from, to }) => ({ from: place(from), to: place(to) }));
  return {
    ...graph,
    nodes: [...groups].map(([key, nodes]) => (nodes[0].key === key ? nodes[0] : mapNode(key, nodes, place))),
    edges: [...new Map(edges.map((edge) => [JSON.stringify([edge.from, edge.to]), edge])).values()].filter(
      ({ from, to }) => from !== to,
    ),
  };
}

function mapNode(key: string, nodes: readonly DrawnNode[], place: (key: string) => string): DrawnNode {
  const counts: Record<string, number> = {};
  let state: DrawnNode['state'];
  for (const node of nodes) {
    if (node.state !== undefined && (state === undefined || outweighs(node.state.type, state.type))) state = node.state;
    for (const [type, count] of Object.entries(node.counts ?? {})) counts[type] = (counts[type] ?? 0) + count;
  }
  const [{ parent }] = nodes;
  return {
    key,
    name: `${key.replace('[*]', '')}: ${nodes.length} step${nodes.length === 1 ? '' : 's'}`,
    kind: 'run',
    mapped: true,
    ...(nodes.every(({ optional }) => optional) && { optional: true }),
    ...(parent !== undefined && place(parent) !== key && { parent: place(parent) }),
    ...(state && { state }),
    ...(Object.keys(counts).length > 0 && { counts }),
  };
}
