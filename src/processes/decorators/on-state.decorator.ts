import type { StateHook } from '../definition/task-definition.js';
import { MethodMarks } from './method-marks.js';

const marks = new MethodMarks<StateHook>('sluice:hooks');

/**
 * Calls a method when a run of the process has come to one of these states, with `(change, context)`; see `StateChange`.
 * Best effort: it happens in the executor, after the last attempt and before the service has stored the end, so that a
 * dismissal or a lost lease may still change it. Time limits, dismissals, crashes and lost workers call nothing, and a
 * job that is run again calls again. What it throws is logged and changes nothing. What must not be missed belongs in a
 * subscription (`POST /subscriptions`).
 *
 * @example
 * ```ts
 * @OnState('FAILED')
 * async tell({ message }: StateChange, { logger }: JobContext) { logger.warn(`Sorry: ${message}`); }
 * ```
 */
export function OnState(...states: readonly HookState[]) {
  return (target: object, property: string | symbol): void => {
    marks.add(typeof target === 'function' ? (target.prototype as object) : target, {
      method: String(property),
      states,
    });
  };
}

/** States that `@OnState()` may name. */
export type HookState = StateHook['states'][number];

/** The hooks declared by a class and its base classes, base first. */
export function hooksOf(prototype: object): readonly StateHook[] {
  return marks.of(prototype);
}
