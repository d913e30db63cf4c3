import { describe, expect, it } from '@jest/globals';
import { isExecutorMessage } from './executor-message-check.js';

const node = { key: 'a', name: 'a', kind: 'task' };
const graph = { nodes: [node], edges: [{ from: 'a', to: 'b' }], complete: true };

describe('a graph from an executor', () => {
  it.each([
    graph,
    { nodes: [], edges: [], complete: false, reason: 'x' },
    { ...graph, nodes: [{ ...node, mapped: true, optional: true }] },
  ])('is known by its full shape: %j', (given) =>
    expect(isExecutorMessage({ type: 'traced', run: 1, graph: given })).toBe(true),
  );

  it.each([
    undefined,
    null,
    [],
    { ...graph, nodes: {} },
    { ...graph, nodes: [null] },
    { ...graph, nodes: [{ ...node, key: 1 }] },
    { ...graph, nodes: [{ ...node, name: 'x'.repeat(2_001) }] },
    { ...graph, nodes: [{ ...node, kind: 'toString' }] },
    { ...graph, nodes: [{ ...node, mapped: 'yes' }] },
    { ...graph, nodes: new Array(2_001).fill(node) },
    { ...graph, edges: [{ from: 'a' }] },
    { ...graph, edges: new Array(20_001).fill(graph.edges[0]) },
    { ...graph, complete: 'yes' },
    { ...graph, reason: 5 },
  ])('is told from whatever else it sends (%#)', (given) =>
    expect(isExecutorMessage({ type: 'traced', run: 1, graph: given })).toBe(false),
  );
});
