import { describe, expect, it } from '@jest/globals';
import type { TaskGraph } from '../flows/graph/task-graph.js';
import { JobGraph, type StepOfJob } from './job-graph.js';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute));

const step = (key: string, given: Partial<StepOfJob> = {}): StepOfJob => ({
  key,
  name: key.split('/').at(-1)!,
  kind: 'task',
  parent: null,
  state_type: 'COMPLETED',
  state_name: 'Completed',
  attempt: 1,
  after: [],
  started_at: at(0),
  finished_at: at(1),
  ...given,
});

const TRACED: TaskGraph = {
  nodes: [
    { key: 'search', name: 'search', kind: 'task' },
    { key: 'map[*]/fetch', name: 'fetch', kind: 'task', mapped: true },
    { key: 'merge', name: 'merge', kind: 'task', optional: true },
  ],
  edges: [{ from: 'search', to: 'map[*]/fetch' }],
  complete: false,
  reason: 'why',
};

function graphOf(traced: TaskGraph, steps: readonly StepOfJob[], hasEnded = false) {
  const graph = new JobGraph(traced);
  for (const one of steps) graph.add(one);
  return graph.drawn(hasEnded);
}

describe('the graph of a job', () => {
  it('shows steps that are expected without a state, and those that came unexpected after them', () => {
    const { nodes, edges } = graphOf(TRACED, [step('search', { attempt: 3 }), step('extra', { after: ['search'] })]);
    expect(nodes.map(({ key, state, attempt }) => [key, state?.type, attempt])).toEqual([
      ['search', 'COMPLETED', 3],
      ['map[*]/fetch', undefined, undefined],
      ['merge', undefined, undefined],
      ['extra', 'COMPLETED', 1],
    ]);
    expect(edges).toEqual([...TRACED.edges, { from: 'search', to: 'extra' }]);
  });

  it('counts the runs of a mapped step, with the state that says most and the times of all', () => {
    const { nodes, edges } = graphOf(TRACED, [
      step('map[a]/fetch', { after: ['search'] }),
      step('map[b]/fetch', { state_type: 'RUNNING', state_name: 'Retrying', attempt: 2, finished_at: null }),
      step('map[c]/fetch', { state_type: 'SCHEDULED', state_name: 'AwaitingRetry', started_at: at(-5) }),
    ]);
    expect(nodes[1]).toEqual({
      ...TRACED.nodes[1],
      state: { type: 'RUNNING', name: 'Retrying' },
      attempt: 2,
      counts: { COMPLETED: 1, RUNNING: 1, SCHEDULED: 1 },
      started: at(-5).toISOString(),
    });
    expect(edges).toEqual(TRACED.edges);
  });

  it('says when a mapped step has ended once all its runs have', () => {
    const { nodes } = graphOf(TRACED, [
      step('map[a]/fetch', { finished_at: at(9) }),
      step('map[b]/fetch', { state_type: 'FAILED', state_name: 'Failed' }),
    ]);
    expect(nodes[1]).toMatchObject({ state: { type: 'FAILED' }, finished: at(9).toISOString() });
  });

  it('of steps that were called by steps names these', () => {
    const { nodes } = graphOf(TRACED, [step('map[a]/fetch'), step('map[a]/fetch/get', { parent: 'map[a]/fetch' })]);
    expect(nodes.at(-1)).toMatchObject({ key: 'map[*]/fetch/get', mapped: true, parent: 'map[*]/fetch' });
  });

  it('is complete once the job has ended, whatever could be told before', () => {
    expect(graphOf(TRACED, [])).toMatchObject({ complete: false, reason: 'why' });
    expect(graphOf(TRACED, [], true)).toEqual(expect.not.objectContaining({ reason: 'why' }));
    expect(graphOf(TRACED, [], true).complete).toBe(true);
  });
});
