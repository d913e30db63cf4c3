/** A task did not run, because the tasks before it did not end as it wants. */
export class TriggerFailedError extends Error {
  override readonly name = 'TriggerFailed';
}
