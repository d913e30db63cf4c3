/**
 * What a step that failed for good throws in the flow that called it, in the run in which it failed and in every later
 * one. The `cause` is what the step threw, in the run in which it did so.
 */
export class TaskFailedError extends Error {
  override readonly name = 'TaskFailedError';

  /**
   * @param step key of the step
   * @param errorName name of the class of the original error
   * @param reason message of the original error
   */
  constructor(
    readonly step: string,
    readonly errorName: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`The step "${step}" failed: ${reason}`, options);
  }
}
