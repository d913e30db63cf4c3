import type { LogLine } from '../client/ogc-documents.js';
import type { OgcClient } from '../client/ogc-client.js';

const PAGE_SIZE = 1_000;

/**
 * Reads the log of a job as it grows. A cursor leads on from full pages only, so the last page is read again each time
 * and what was seen of it is skipped.
 */
export class JobLog {
  private query: string;
  private seen = 0;

  constructor(
    private readonly client: Pick<OgcClient, 'logPage'>,
    private readonly jobId: string,
    level?: string,
  ) {
    this.query = `?${new URLSearchParams({ limit: String(PAGE_SIZE), ...(level !== undefined && { level }) }).toString()}`;
  }

  /** The lines since the last call. @throws ServerProblem for a server without logs */
  async *more(signal?: AbortSignal): AsyncGenerator<LogLine> {
    for (;;) {
      const { lines, next } = await this.client.logPage(this.jobId, this.query, signal);
      const fresh = lines.slice(this.seen);
      this.seen = lines.length;
      yield* fresh;
      if (next === undefined || next === this.query) return;
      this.query = next;
      this.seen = 0;
    }
  }
}
