/**
 * Port for one thing this service needs in order to work. A room extends it, lists the class among its providers, and
 * `/health/ready` finds it.
 */
export abstract class HealthCheck {
  /** Short and stable, for example `database`. */
  abstract readonly name: string;

  /**
   * Resolves when the thing works. A check that takes longer than a second counts as failed.
   * @param signal aborted when the time is over
   * @throws Unhealthy with a sentence that anybody may read; the message of any other error is only logged
   */
  abstract check(signal: AbortSignal): Promise<void>;
}

/** Says why a check failed, in words that may be shown to anybody. */
export class Unhealthy extends Error {
  constructor(detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = 'Unhealthy';
  }
}
