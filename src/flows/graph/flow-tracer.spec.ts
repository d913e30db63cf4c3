import { describe, expect, it } from '@jest/globals';
import { Task } from '../../processes/decorators/task.decorator.js';
import { FaultCollector } from '../../processes/definition/invalid-process.error.js';
import { readTasks } from '../../processes/definition/task-definitions.js';
import type { JobContext } from '../../processes/job-context.js';
import type { RegisteredProcess } from '../../processes/registered-process.js';
import { traceFlow, type TraceLimits } from './flow-tracer.js';

type Inputs = Record<string, { minOccurs: number }>;

function trace(handler: object, inputs: Inputs = { area: { minOccurs: 1 } }, limits?: TraceLimits) {
  const tasks = readTasks(handler, { isolation: 'child', syncJobs: true }, new FaultCollector(() => 'flow'));
  const process = {
    handler,
    tasks: tasks.length > 0 ? tasks : undefined,
    policy: { isolation: 'child', syncJobs: true, executor: 'local' },
    description: { id: 'flow', version: '1.0.0', inputs },
  } as unknown as RegisteredProcess;
  return traceFlow(process, limits);
}

class Tasks {
  @Task()
  search(_area: unknown): Promise<{ id: string }[]> {
    throw new Error('no task runs in a trace');
  }

  @Task()
  fetch(_scene: unknown): Promise<string> {
    throw new Error('no task runs in a trace');
  }

  @Task()
  merge(..._parts: unknown[]): Promise<{ ok: boolean; count: number }> {
    throw new Error('no task runs in a trace');
  }
}

describe('tracing a flow', () => {
  it('finds its steps and the data between them, without running any', async () => {
    class Mosaic extends Tasks {
      async execute({ area }: { area: unknown }, { map, run, sleep, waitForInput, runProcess }: JobContext) {
        const scenes = await this.search(area);
        const tiles = await map(scenes, (scene) => this.fetch(scene), { concurrency: 4 });
        await sleep('1h');
        await waitForInput('approve', { type: 'object' });
        const stamp = await run('stamp', () => Date.now());
        const echoed = await runProcess('echo', { text: stamp });
        return { mosaic: await this.merge(tiles, echoed.text) };
      }
    }
    expect(await trace(new Mosaic())).toEqual({
      nodes: [
        { key: 'search', name: 'search', kind: 'task' },
        { key: 'map[*]/fetch', name: 'fetch', kind: 'task', mapped: true },
        { key: 'sleep', name: 'sleep', kind: 'sleep' },
        { key: 'approve', name: 'approve', kind: 'input' },
        { key: 'stamp', name: 'stamp', kind: 'run' },
        { key: 'echo', name: 'echo', kind: 'process' },
        { key: 'merge', name: 'merge', kind: 'task' },
      ],
      edges: [
        { from: 'search', to: 'map[*]/fetch' },
        { from: 'map[*]/fetch', to: 'sleep' },
        { from: 'sleep', to: 'approve' },
        { from: 'approve', to: 'stamp' },
        { from: 'stamp', to: 'echo' },
        { from: 'map[*]/fetch', to: 'merge' },
        { from: 'echo', to: 'merge' },
      ],
      complete: true,
    });
  });

  it('sees what runs at once', async () => {
    class Parallel extends Tasks {
      async execute({ area }: { area: unknown }) {
        const [left, right] = await Promise.all([this.search(area), this.fetch(area)]);
        return this.merge(left, right);
      }
    }
    expect((await trace(new Parallel())).edges).toEqual([
      { from: 'search', to: 'merge' },
      { from: 'fetch', to: 'merge' },
    ]);
  });

  it('marks steps that need an optional input', async () => {
    class Optional extends Tasks {
      async execute({ area, extra }: { area: unknown; extra?: unknown }) {
        const found = await this.search(area);
        return extra ? this.merge(found, extra) : found;
      }
    }
    const graph = await trace(new Optional(), { area: { minOccurs: 1 }, extra: { minOccurs: 0 } });
    expect(graph.nodes.map(({ key, optional }) => [key, optional])).toEqual([
      ['search', undefined],
      ['merge', true],
    ]);
    expect(graph.complete).toBe(true);
  });

  it.each<[string, (flow: Tasks) => unknown, RegExp]>([
    [
      'compares a result',
      async (flow) => (await flow.merge()).count > 3 && flow.fetch(1),
      /"merge\.count" is compared/,
    ],
    ['decides by a result', async (flow) => ((await flow.merge()).ok ? flow.fetch(1) : 0), /"merge\.ok" may decide/],
    [
      'loops over a result',
      async (flow) => {
        for (const scene of await flow.search(1)) await flow.fetch(scene);
      },
      /"search" has an unknown number of elements/,
    ],
    [
      'throws',
      () => {
        throw new Error('Only on Sundays');
      },
      /Only on Sundays/,
    ],
    ['computes with a result', async (flow) => flow.fetch(Number(await flow.search(1)) + 1), /"search" is compared/],
  ])('says that it is not complete when the code %s', async (_, execute, reason) => {
    class Branching extends Tasks {
      execute() {
        return execute(this);
      }
    }
    expect(await trace(new Branching())).toMatchObject({ complete: false, reason: expect.stringMatching(reason) });
  });

  it('says that it is not complete when the code decides by a whole input or result, of which no value can be seen', async () => {
    abstract class Choosing extends Tasks {
      abstract execute(inputs: { area: unknown; kind: unknown }): Promise<unknown>;
    }
    class ByInput extends Choosing {
      async execute({ area, kind }: { area: unknown; kind: unknown }) {
        return kind === 'fast' ? this.fetch(area) : this.search(area);
      }
    }
    class BySwitch extends Choosing {
      async execute(inputs: { area: unknown; kind: unknown }) {
        switch (inputs.kind) {
          case 'fast':
            return this.fetch(inputs.area);
          default:
            return undefined;
        }
      }
    }
    class ByFlag extends Choosing {
      async execute({ area, kind }: { area: unknown; kind: unknown }) {
        return this.chosen(area, kind);
      }

      private chosen(area: unknown, kind: unknown) {
        if (!kind) return this.fetch(area);
        return this.search(area);
      }
    }
    class ByResult extends Choosing {
      async execute({ area }: { area: unknown }) {
        const found: unknown = await this.fetch(area);
        if (found === 'a') await this.merge(1);
      }
    }
    const inputs = { area: { minOccurs: 1 }, kind: { minOccurs: 1 } };
    for (const flow of [new ByInput(), new BySwitch(), new ByFlag()]) {
      expect(await trace(flow, inputs)).toMatchObject({ complete: false, reason: '"kind" may decide what runs' });
    }
    expect(await trace(new ByResult(), inputs)).toMatchObject({
      complete: false,
      reason: '"fetch" may decide what runs',
    });
  });

  it('ends with code that does not', async () => {
    class Endless extends Tasks {
      async execute() {
        while (await this.search(1));
      }
    }
    class Hanging extends Tasks {
      execute() {
        return new Promise(() => undefined);
      }
    }
    class Spinning extends Tasks {
      async execute() {
        let scene = (await this.search(1)) as unknown as { next: typeof scene };
        while (scene) scene = scene.next;
      }
    }
    const endless = await trace(new Endless(), {}, { nodes: 10 });
    expect(endless).toMatchObject({ complete: false, reason: 'the flow has more than 10 steps' });
    expect(endless.nodes).toHaveLength(10);
    expect(await trace(new Hanging(), {}, { time: 10 })).toMatchObject({ reason: 'the flow took longer than 10 ms' });
    expect(await trace(new Spinning())).toMatchObject({
      complete: false,
      reason: expect.stringMatching(/without real values/),
    });
  });

  it('takes no notice of storages, whose objects are unknown', async () => {
    class Stored {
      async execute(_: unknown, { storage, storageOf }: JobContext) {
        const data = storageOf('s3/data');
        const found = await this.search(await data.stat('index.json'));
        for await (const { key } of data.list('scenes/')) await this.search(key);
        await storage.put('latest.json', JSON.stringify(found));
        return found;
      }

      @Task()
      search(value: unknown): Promise<unknown> {
        return Promise.resolve(value);
      }
    }
    expect(await trace(new Stored())).toEqual({
      nodes: [{ key: 'search', name: 'search', kind: 'task' }],
      edges: [],
      complete: true,
    });
  });

  it('counts the keys of a storage as used, whether or not the code waits for what it asks', async () => {
    class Stored {
      async execute({ place }: { place: { first: string; last: string } }, { storage }: JobContext) {
        for await (const { key } of storage.list(place.first)) await this.search(key);
        void storage.get(place.last);
      }

      @Task()
      search(value: unknown): Promise<unknown> {
        return Promise.resolve(value);
      }
    }
    expect(await trace(new Stored(), { place: { minOccurs: 1 } })).toMatchObject({ complete: true });
  });

  it('takes a declared graph from its declarations', async () => {
    class Declared {
      execute(inputs: unknown, { runTasks }: JobContext) {
        return runTasks(inputs);
      }

      @Task()
      extract(): Promise<number> {
        return Promise.resolve(1);
      }

      @Task({ after: ['extract'] })
      load(): Promise<number> {
        return Promise.resolve(2);
      }
    }
    expect(await trace(new Declared())).toEqual({
      nodes: [
        { key: 'extract', name: 'extract', kind: 'task' },
        { key: 'load', name: 'load', kind: 'task' },
      ],
      edges: [{ from: 'extract', to: 'load' }],
      complete: true,
    });
  });
});
