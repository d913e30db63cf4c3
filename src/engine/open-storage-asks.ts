import { MOST_STORAGE_ASKS, type StorageAnswer, type StorageAsk } from './storage-asks.js';
import type { StorageDesk } from './storage-desk.js';

/** The service's end of what a run does in storages: what the executor asked for and has no answer to yet. */
export class OpenStorageAsks {
  private readonly open = new Set<number>();
  private readonly closed = new AbortController();

  /** @param answer sends an answer to the executor */
  constructor(
    private readonly desk: StorageDesk | undefined,
    private readonly answer: (ask: number, answer: StorageAnswer) => void,
  ) {}

  /** Carries out an ask and answers it later. @returns false when no honest executor would have sent it */
  take(ask: number, asked: StorageAsk): boolean {
    if (this.closed.signal.aborted) return true;
    if (this.desk === undefined || this.open.has(ask) || this.open.size >= MOST_STORAGE_ASKS) return false;
    this.open.add(ask);
    void this.desk.carryOut(asked, this.closed.signal).then((answer) => {
      this.open.delete(ask);
      if (!this.closed.signal.aborted) this.answer(ask, answer);
    });
    return true;
  }

  /** The run has ended: what is under way is broken off. */
  close(): void {
    this.closed.abort();
  }
}
