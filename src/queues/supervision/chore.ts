import { Logger } from '@nestjs/common';
import { isDatabaseUnavailable } from '../../database/database-unavailable.js';
import { QueueSilentError } from '../answer-of-queue.js';

/**
 * Work of the supervisor that can wait: it has a rhythm of its own, one turn at a time, so that a long turn keeps
 * nothing else waiting. A turn that fails is followed by the next one.
 */
export class Chore {
  private readonly logger = new Logger('Supervisor');
  private due = 0;
  private turn: Promise<void> | undefined;

  /**
   * @param interval milliseconds between the beginnings of two turns
   * @param work one turn, of limited length; gives true when there is more to do at once
   */
  constructor(
    private readonly interval: number,
    private readonly work: () => Promise<boolean>,
  ) {}

  /** Begins a turn when it is time for one, and waits for nothing. */
  begin(): void {
    if (this.turn !== undefined || Date.now() < this.due) return;
    this.due = Date.now() + this.interval;
    this.turn = this.takeTurn().finally(() => (this.turn = undefined));
  }

  /** Resolves when no turn is under way. */
  async ended(): Promise<void> {
    await this.turn;
  }

  private async takeTurn(): Promise<void> {
    try {
      if (await this.work()) this.due = 0;
    } catch (error) {
      // A queue or a database that is away is asked again at the next turn.
      if (error instanceof QueueSilentError) this.logger.debug(error.message);
      else if (!isDatabaseUnavailable(error)) this.logger.error(`Supervision failed: ${(error as Error).stack}`);
    }
  }
}
