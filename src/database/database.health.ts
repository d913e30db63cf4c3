import { Injectable } from '@nestjs/common';
import { HealthCheck, Unhealthy } from '../observability/health/health-check.js';
import { Database } from './database.js';

/** Ready only with a database: without it every request would be answered with 503. */
@Injectable()
export class DatabaseHealth extends HealthCheck {
  readonly name = 'database';

  constructor(private readonly database: Database) {
    super();
  }

  async check(): Promise<void> {
    try {
      await this.database.ping();
    } catch (error) {
      throw new Unhealthy('The database does not answer.', { cause: error });
    }
  }
}
