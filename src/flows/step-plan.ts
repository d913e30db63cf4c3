import type { Type } from '@nestjs/common';
import type { StepDefinition } from '../processes/definition/task-definition.js';
import type { StepStart } from './step-journal.js';

/** A step that code has called for. */
export interface StepPlan {
  /** the last part of its key, before it is numbered */
  readonly key: string;
  readonly start: Pick<StepStart, 'name' | 'kind'> & Partial<StepStart>;
  /** what it is called with */
  readonly args: readonly unknown[];
  readonly definition: StepDefinition;
  readonly isTransactional?: boolean;
  /** Whether another worker can run it, given the arguments only. */
  readonly isRemotable?: boolean;
  /** What its result becomes an instance of. */
  readonly returns?: Type;
  /** The code of the step; absent where somebody else brings about its end. */
  readonly work?: (signal: AbortSignal) => unknown;
}

/** What a step ended with. */
export interface StepResult {
  readonly key: string;
  readonly value: unknown;
  readonly isSkipped: boolean;
}
