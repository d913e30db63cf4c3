import type { ExecutionObserver } from '../engine/execution-unit.js';
import type { Violation } from '../ogc/problems/domain-error.js';

/** What a step waits for. */
export interface LocalQuestion {
  /** key of the step */
  readonly key: string;
  readonly message?: string;
  /** JSON Schema of the answer */
  readonly schema: Readonly<Record<string, unknown>>;
  /** What is wrong with an answer. */
  violationsOf(answer: unknown): readonly Violation[];
}

/** Hears of a run without a server, and answers its questions. */
export interface LocalObserver extends ExecutionObserver {
  /** @returns an answer that fits; what it rejects with ends the run */
  ask(question: LocalQuestion): Promise<unknown>;
}
