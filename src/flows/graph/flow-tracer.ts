import type { JobContext, JobStorage } from '../../processes/job-context.js';
import type { RegisteredProcess } from '../../processes/registered-process.js';
import { flowFrames, type FlowFrame, type RunningFlow, type TaskCall } from '../../processes/running-flow.js';
import { taskDefinition } from '../../processes/definition/step-definitions.js';
import { calledProcess } from '../called-process.js';
import type { StepKind } from '../step-journal.js';
import { StepScope } from '../step-key.js';
import { decides } from './deciding-code.js';
import { Placeholders } from './placeholder.js';
import { declaredGraph, mergeGraphs, type GraphNode, type TaskGraph } from './task-graph.js';

/** Bounds of a trace. */
export interface TraceLimits {
  /** steps */
  readonly nodes?: number;
  /** milliseconds */
  readonly time?: number;
}

const DEFAULT_LIMITS = { nodes: 500, time: 1_000 };
const MOST_EDGES = 5_000;
/** UTF-16 code units of what the code threw. */
const LONGEST_REASON = 1_000;

interface TraceFrame extends FlowFrame {
  readonly scope: StepScope;
  readonly isMapped: boolean;
}

/**
 * The steps of a flow before it runs. Its `execute` is called with placeholders, once for all inputs and once for the
 * required ones; tasks and other steps are noted, not run. Code between the steps does run, which is why only classes
 * with `@Flow()` are traced, and why this belongs where the code of processes runs.
 *
 * Never rejects. `complete` is false when the code decided by a value, did not come to an end, or threw.
 */
export async function traceFlow(process: RegisteredProcess, limits: TraceLimits = {}): Promise<TaskGraph> {
  const declared = declaredGraph(process.tasks ?? []);
  if (process.policy.executor === undefined) {
    if (process.tasks === undefined) return declared;
    return { ...declared, complete: false, reason: 'only classes with @Flow() are traced' };
  }
  const bounds = { ...DEFAULT_LIMITS, ...limits };
  const all = Object.entries(process.description.inputs);
  const required = all.filter(([, { minOccurs = 1 }]) => minOccurs > 0);
  const full = await new FlowTrace(process, bounds).run(all.map(([id]) => id));
  const sparse =
    required.length === all.length ? full : await new FlowTrace(process, bounds).run(required.map(([id]) => id));
  return withDeclared(mergeGraphs(full, sparse), declared);
}

/** Adds declared tasks that the trace did not come to. */
function withDeclared(traced: TaskGraph, declared: TaskGraph): TaskGraph {
  const missing = declared.nodes.filter(({ key }) => !traced.nodes.some((node) => node.key === key));
  if (missing.length === 0) return traced;
  const keys = new Set(missing.map(({ key }) => key));
  return {
    ...traced,
    nodes: [...traced.nodes, ...missing],
    edges: [...traced.edges, ...declared.edges.filter(({ to }) => keys.has(to))],
  };
}

class FlowTrace implements RunningFlow {
  private readonly nodes = new Map<string, GraphNode>();
  private readonly edges: { from: string; to: string }[] = [];
  private readonly placeholders = new Placeholders();
  private readonly controller = new AbortController();
  private readonly root: TraceFrame = { flow: this, scope: new StepScope(''), isMapped: false };
  private readonly context = this.makeContext();

  constructor(
    private readonly process: RegisteredProcess,
    private readonly limits: Required<TraceLimits>,
  ) {}

  async run(inputs: readonly string[]): Promise<TaskGraph> {
    const values = {};
    for (const id of inputs) {
      // One that the code does not read decides nothing.
      Object.defineProperty(values, id, { enumerable: true, get: () => this.placeholders.whole([], id) });
    }
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the flow took longer than ${this.limits.time} ms`)), this.limits.time);
    });
    let reason: string | undefined;
    try {
      const work = flowFrames.run(this.root, async () => await this.process.handler.execute(values, this.context));
      this.placeholders.stepsIn(await Promise.race([work, tooLong]));
      reason = this.placeholders.decisive(decides(this.process.handler));
    } catch (error) {
      const thrown = error instanceof Error ? error.message : String(error);
      reason = this.placeholders.question ?? thrown.slice(0, LONGEST_REASON);
    } finally {
      clearTimeout(timer);
      this.controller.abort(new DOMException('The trace has ended', 'AbortError'));
    }
    return {
      nodes: [...this.nodes.values()],
      edges: this.edges,
      complete: reason === undefined,
      ...(reason !== undefined && { reason }),
    };
  }

  callTask({ mark, args }: TaskCall): Promise<unknown> {
    return this.step(taskDefinition(mark).name, 'task', args);
  }

  private async step(name: string, kind: StepKind, args: readonly unknown[]): Promise<unknown> {
    // After the end nothing goes on.
    if (this.controller.signal.aborted) return new Promise(() => undefined);
    if (this.nodes.size >= this.limits.nodes) throw new Error(`the flow has more than ${this.limits.nodes} steps`);
    const { scope, isMapped } = this.frame();
    const origin = this.placeholders.stepsIn(args.filter((argument) => argument !== this.context));
    const before = origin.length > 0 ? origin : [...scope.last];
    if (this.edges.length + before.length > MOST_EDGES) {
      throw new Error(`its steps have more than ${MOST_EDGES} connections`);
    }
    const key = scope.begin(name);
    this.nodes.set(key, { key, name, kind, ...(isMapped && { mapped: true as const }) });
    for (const from of before) this.edges.push({ from, to: key });
    // As a real step it ends later, so that steps called at once count as parallel.
    await new Promise((resolve) => setImmediate(resolve));
    scope.end(name, key);
    return this.placeholders.whole([key], key);
  }

  private async map(items: unknown, work: (item: unknown, index: number) => unknown, name = 'map'): Promise<unknown> {
    const outer = this.frame();
    const place = outer.scope.begin(name);
    const origin = this.placeholders.stepsIn(items);
    const before = origin.length > 0 ? origin : [...outer.scope.last];
    const scope = new StepScope(`${place}[*]/`, before);
    const item = Array.isArray(items) ? (items[0] as unknown) : this.placeholders.make(origin, `${place}[]`);
    const frame: TraceFrame = { flow: this, scope, isMapped: true };
    const result = await flowFrames.run(frame, () => work(item, 0));
    outer.scope.leave(name, scope.last);
    return this.placeholders.make([...new Set([...this.placeholders.stepsIn(result), ...scope.last])], place);
  }

  private runTasks(): Promise<unknown> {
    const { nodes, edges } = declaredGraph(this.process.tasks ?? []);
    for (const node of nodes) this.nodes.set(node.key, node);
    const before = [...this.root.scope.last];
    const first = nodes.filter(({ key }) => !edges.some(({ to }) => to === key));
    this.edges.push(...edges, ...first.flatMap(({ key }) => before.map((from) => ({ from, to: key }))));
    const last = nodes.filter(({ key }) => !edges.some(({ from }) => from === key)).map(({ key }) => key);
    this.root.scope.endedAs(last);
    return Promise.resolve(
      Object.fromEntries(nodes.map(({ key, name }) => [name, this.placeholders.make([key], name)])),
    );
  }

  private frame(): TraceFrame {
    const frame = flowFrames.getStore();
    return frame?.flow === this ? (frame as TraceFrame) : this.root;
  }

  private makeContext(): JobContext {
    const nothing = () => undefined;
    const used = (...values: unknown[]) => {
      this.placeholders.stepsIn(values);
      return Promise.resolve();
    };
    const storage = this.makeStorage(used);
    const context = {
      jobId: '00000000-0000-0000-0000-000000000000',
      signal: this.controller.signal,
      idempotencyKey: '00000000-0000-0000-0000-000000000000',
      answer: undefined,
      logger: { debug: used, info: used, warn: used, error: used },
      outputs: { write: used, file: used },
      artifact: { table: used, markdown: used, link: used, image: used, progress: used },
      workDirectory: () => Promise.resolve(this.placeholders.make([], 'workDirectory')),
      progress: nothing,
      run: (key: string) => this.step(key, 'run', []),
      map: (items: unknown, work: (item: unknown, index: number) => unknown, options?: { name?: string }) =>
        this.map(items, work, options?.name),
      sleep: (_: unknown, options?: { key?: string }) => this.step(options?.key ?? 'sleep', 'sleep', []),
      waitForInput: (key: string) => this.step(key, 'input', []),
      runProcess: (process: never, inputs: unknown, options?: { key?: string }) =>
        this.step(options?.key ?? calledProcess(process, {}).id, 'process', [inputs]),
      runTasks: () => this.runTasks(),
      storage,
      storageOf: () => storage,
      // Of tasks alone, which do not run.
      transaction: undefined,
    } satisfies Record<keyof JobContext, unknown>;
    return context as unknown as JobContext;
  }

  /** Nothing is read or written outside of steps either: what is asked for is unknown, and there are no objects. */
  private makeStorage(used: (...values: unknown[]) => Promise<void>) {
    const unknown = (path: string) => (key: unknown, content?: unknown) => {
      // At once: the code may not wait for the answer.
      const object = this.placeholders.make(this.placeholders.stepsIn(key), path);
      return used(content).then(() => object);
    };
    const none = async function* () {};
    return {
      get: unknown('storage.get'),
      put: unknown('storage.put'),
      stat: unknown('storage.stat'),
      delete: used,
      list: (prefix: unknown) => {
        void used(prefix);
        return none();
      },
    } satisfies Record<keyof JobStorage, unknown>;
  }
}
