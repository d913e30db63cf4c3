import type { JobLogger } from '../processes/job-context.js';

type Data = Record<string, unknown>;

/** A log whose lines say which step wrote them: `task` in their data. */
export class StepLogger implements JobLogger {
  constructor(
    private readonly logger: JobLogger,
    private readonly task: string,
  ) {}

  debug(message: string, data?: Data): void {
    this.logger.debug(message, this.with(data));
  }

  info(message: string, data?: Data): void {
    this.logger.info(message, this.with(data));
  }

  warn(message: string, data?: Data): void {
    this.logger.warn(message, this.with(data));
  }

  error(message: string, data?: Data): void {
    this.logger.error(message, this.with(data));
  }

  private with(data: Data | undefined): Data {
    return { task: this.task, ...data };
  }
}
