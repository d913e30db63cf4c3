import type { GraphNode, TaskGraph } from '../flows/graph/task-graph.js';
import { isJsonObject } from '../ogc/json-object.js';

/** More than a trace gives: it is made twice, with at most 500 steps each, and declared tasks come to it. */
const MOST_NODES = 2_000;
const MOST_EDGES = 20_000;
/** UTF-16 code units */
const LONGEST_KEY = 2_000;
const LONGEST_REASON = 8_000;

const KINDS: Record<GraphNode['kind'], true> = { task: true, run: true, sleep: true, input: true, process: true };

const isText = (value: unknown, most: number) => typeof value === 'string' && value.length <= most;
const isMark = (value: unknown) => value === undefined || value === true;

const isNode = (node: unknown) =>
  isJsonObject(node) &&
  isText(node.key, LONGEST_KEY) &&
  isText(node.name, LONGEST_KEY) &&
  typeof node.kind === 'string' &&
  Object.hasOwn(KINDS, node.kind) &&
  isMark(node.mapped) &&
  isMark(node.optional);
const isEdge = (edge: unknown) => isJsonObject(edge) && isText(edge.from, LONGEST_KEY) && isText(edge.to, LONGEST_KEY);
const isList = (list: unknown, most: number, check: (item: unknown) => boolean) =>
  Array.isArray(list) && list.length <= most && list.every(check);

/** Whether something that an executor sent is a graph, and one of bearable size. */
export function isTaskGraph(graph: unknown): graph is TaskGraph {
  return (
    isJsonObject(graph) &&
    isList(graph.nodes, MOST_NODES, isNode) &&
    isList(graph.edges, MOST_EDGES, isEdge) &&
    typeof graph.complete === 'boolean' &&
    (graph.reason === undefined || isText(graph.reason, LONGEST_REASON))
  );
}
