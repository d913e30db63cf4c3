import { Logger } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { isDatabaseUnavailable } from '../database/database-unavailable.js';
import type { AttemptOutcome, CallAttempt } from './call-attempt.js';
import type { AttemptRecord, CallSource, OwedCall } from './call-source.js';
import { retryDelay } from './retry-delay.js';

/** Looks for calls that are due although nothing woke this node. Milliseconds. */
const SAFETY_POLL = 2_000;
/** Calls under way at once, of one source on this node; and of them in one lane. */
const MOST_CALLS = 64;
const MOST_PER_LANE = 4;
/** On top of the time limit of a call: to make the document before and to write down the outcome after. Milliseconds. */
const LEASE_MARGIN = 30_000;

/** Makes the calls of one source: each at least once, until the receiver answers with 2xx or the call is given up. */
export class Deliverer<Call extends OwedCall> {
  private readonly logger = new Logger(Deliverer.name);
  private readonly stopped = new AbortController();
  private readonly underWay = new Set<Promise<void>>();
  private readonly perLane = new Map<string, number>();
  private readonly retries = new Set<NodeJS.Timeout>();
  private poll: NodeJS.Timeout | undefined;
  private taking: Promise<void> | undefined;
  private wokenMeanwhile = false;

  constructor(
    private readonly source: CallSource<Call>,
    private readonly attempts: CallAttempt,
    private readonly settings: Settings,
  ) {}

  start(): void {
    this.poll = setInterval(() => this.wake(), SAFETY_POLL);
    this.wake();
  }

  /** Calls under way are broken off and given back; they are made again by another node or after the restart. */
  async stop(): Promise<void> {
    clearInterval(this.poll);
    for (const retry of this.retries) clearTimeout(retry);
    this.stopped.abort();
    await this.taking;
    await Promise.all(this.underWay);
  }

  /** Something may be due. */
  wake(): void {
    if (this.stopped.signal.aborted) return;
    this.wokenMeanwhile = true;
    this.taking ??= this.takeAll().finally(() => (this.taking = undefined));
  }

  private async takeAll(): Promise<void> {
    try {
      while (this.wokenMeanwhile && !this.stopped.signal.aborted) {
        this.wokenMeanwhile = false;
        await this.take();
      }
    } catch (error) {
      if (isDatabaseUnavailable(error)) return;
      this.logger.error(`${this.source.noun}s cannot be read: ${(error as Error).stack}`);
    }
  }

  private async take(): Promise<void> {
    const free = MOST_CALLS - this.underWay.size;
    if (free <= 0) return;
    const busy = [...this.perLane].filter(([, calls]) => calls >= MOST_PER_LANE).map(([lane]) => lane);
    const lease = this.settings.CALLBACK_TIMEOUT + LEASE_MARGIN;
    for (const call of await this.source.take(free, MOST_PER_LANE, busy, lease)) {
      const lane = this.source.lane(call);
      this.perLane.set(lane, (this.perLane.get(lane) ?? 0) + 1);
      const made = this.make(call).finally(() => {
        this.underWay.delete(made);
        this.release(lane);
        // The place is free, and a later call of the same job may be due now.
        this.wake();
      });
      this.underWay.add(made);
    }
  }

  private release(lane: string): void {
    const calls = this.perLane.get(lane)! - 1;
    if (calls > 0) this.perLane.set(lane, calls);
    else this.perLane.delete(lane);
  }

  private async make(call: Call): Promise<void> {
    try {
      const outcome = await this.attempt(call);
      if (outcome === undefined) return await this.source.giveBack(call);
      const { delivered, fault, ...record } = outcome;
      if (delivered) await this.source.delivered(call, record);
      else await this.failed(call, record, fault);
    } catch (error) {
      // The outcome is not on record, so the call is made again when its lease has run out.
      this.logger.warn(`The outcome of ${this.name(call)} could not be stored: ${(error as Error).message}`);
    }
  }

  /** @returns nothing when this node broke it off */
  private async attempt(call: Call): Promise<AttemptOutcome | undefined> {
    const { signal } = this.stopped;
    if (signal.aborted) return undefined;
    try {
      const content = await this.source.content(call);
      return await this.attempts.make(call.uri, this.source.eventId(call), content, signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      this.logger.error(`The document of ${this.name(call)} cannot be made: ${(error as Error).stack}`);
      return { delivered: false, reason: 'The document to be sent cannot be made.' };
    }
  }

  private async failed(call: Call, record: AttemptRecord, fault: AttemptOutcome['fault']): Promise<void> {
    const delay = retryDelay(
      {
        attempts: call.attempts,
        age: Date.now() - call.created_at.getTime(),
        makesWay: this.source.makesWay(call),
        status: record.status,
        fault,
      },
      this.settings,
    );
    if (delay === undefined) {
      this.logger.warn(`${this.name(call)} is given up. ${record.reason}`);
      return await this.source.givenUp(call, record);
    }
    await this.source.postpone(call, record, delay);
    if (delay >= SAFETY_POLL || this.stopped.signal.aborted) return;
    const retry = setTimeout(() => {
      this.retries.delete(retry);
      this.wake();
    }, delay);
    this.retries.add(retry);
  }

  private name(call: Call): string {
    return `${this.source.noun} ${this.source.eventId(call)}`;
  }
}
