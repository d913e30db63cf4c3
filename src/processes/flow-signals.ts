import type { Type } from '@nestjs/common';
import type { Duration } from './decorators/process-options.js';

/** Thrown to be tried again, whatever `retryIf` says, up to the `attempts` of the policy; without a policy up to 100. */
export class RetrySignal extends Error {
  override readonly name = 'RetrySignal';
  /** Time before the next attempt; absent: what the policy says, else 1 s. */
  readonly delay?: Duration;

  constructor({ delay, message, cause }: { delay?: Duration; message?: string; cause?: unknown } = {}) {
    super(message ?? 'Asked for another attempt', { cause });
    this.delay = delay;
  }
}

/** Thrown by a task that has nothing to do: it ends well, as skipped and without a value. */
export class SkipSignal extends Error {
  override readonly name = 'SkipSignal';

  constructor(message = 'Skipped') {
    super(message);
  }
}

/** Thrown to fail at once, without another attempt. */
export class FailSignal extends Error {
  override readonly name = 'FailSignal';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Thrown to end well with a value, from wherever in the code. */
export class SuccessSignal extends Error {
  override readonly name = 'SuccessSignal';

  constructor(readonly value?: unknown) {
    super('Ended by a SuccessSignal');
  }
}

/** Thrown by a task that needs an answer of somebody. The task runs anew with it, see `context.answer`. */
export class PauseSignal extends Error {
  override readonly name = 'PauseSignal';
  /** A class whose properties say what is asked for, or a JSON Schema. */
  readonly ask: Type | Readonly<Record<string, unknown>>;
  /** How long an answer is waited for. Default: a day. */
  readonly timeout?: Duration;

  constructor(
    ask: Type | Readonly<Record<string, unknown>>,
    { message, timeout }: { message?: string; timeout?: Duration } = {},
  ) {
    super(message ?? '');
    this.ask = ask;
    this.timeout = timeout;
  }
}

interface Signals {
  readonly RetrySignal: RetrySignal;
  readonly SkipSignal: SkipSignal;
  readonly FailSignal: FailSignal;
  readonly SuccessSignal: SuccessSignal;
  readonly PauseSignal: PauseSignal;
}

/** Whether something thrown is this signal, also when a package of processes brings its own copy of the class. */
export function isSignal<Name extends keyof Signals>(thrown: unknown, name: Name): thrown is Signals[Name] {
  return thrown instanceof Error && thrown.name === name;
}
