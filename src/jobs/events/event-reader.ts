import type { ServerResponse } from 'node:http';
import type { JobEventRow, NewEvents } from '../store/job-events.js';
import { isTerminal } from '../job-state.js';
import { toServerSentEvent } from './event-document.js';

/** Milliseconds a client may take for what was sent to it; then it is cut off and may come back with its last id. */
const PATIENCE = 30_000;

/**
 * One client that reads the events of one job as a stream. Nothing is kept for a client that is slow: while its
 * connection is full it is skipped, and once there is room it gets what it missed from the rows.
 */
export class EventReader {
  private closed = false;
  private waiting: NodeJS.Timeout | undefined;

  /**
   * @param position number of the last event the client has
   * @param staysForCalls whether the stream goes on after the end of the job while its subscriber is owed calls
   * @param onReady called when a client that was slow can take more
   */
  constructor(
    readonly jobId: string,
    private position: number,
    private readonly response: ServerResponse,
    private readonly staysForCalls: boolean,
    onReady: (reader: EventReader) => void,
    onGone: (reader: EventReader) => void,
  ) {
    response.on('drain', () => {
      this.stopWaiting();
      onReady(this);
    });
    response.on('error', () => undefined);
    response.once('close', () => {
      this.closed = true;
      this.stopWaiting();
      onGone(this);
    });
  }

  /** Number of the last event that was handed to the connection. */
  get after(): number {
    return this.position;
  }

  /** Whether the connection has room for more. */
  get isReady(): boolean {
    return !this.closed && this.waiting === undefined;
  }

  /**
   * Sends what is new to this client, as far as its connection has room, and ends the stream when the job has ended,
   * everything is sent, and nothing is waited for any more.
   * @param encode gives the text of an event; shared by the readers of a job
   * @returns whether there is more to read at once
   */
  take(
    { state, last, owesCalls, events }: NewEvents,
    encode: (event: JobEventRow) => string = toServerSentEvent,
  ): boolean {
    for (const event of events) {
      if (!this.isReady) return false;
      if (event.seq <= this.position) continue;
      this.position = event.seq;
      this.write(encode(event));
    }
    if (this.position < last) return this.isReady && events.length > 0;
    if (isTerminal(state) && !(owesCalls && this.staysForCalls)) this.end();
    return false;
  }

  /** A comment, so that proxies keep the connection and a client that is gone is noticed. */
  beat(): void {
    if (this.isReady) this.write(':\n\n');
  }

  /** Ends the stream; the client may come back with its last id. */
  end(): void {
    if (!this.closed) this.response.end();
    this.closed = true;
  }

  private write(text: string): void {
    if (this.response.write(text)) return;
    this.waiting = setTimeout(() => this.response.destroy(), PATIENCE).unref();
  }

  private stopWaiting(): void {
    clearTimeout(this.waiting);
    this.waiting = undefined;
  }
}
