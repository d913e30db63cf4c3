import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { isDatabaseUnavailable } from '../database/database-unavailable.js';
import { Notifications } from '../database/notifications.js';
import { CALLBACK_CHANNEL } from '../jobs/job-channels.js';
import { GuardedFetch } from '../outgoing/guarded-fetch.js';
import { OutgoingError } from '../outgoing/outgoing-error.js';
import { CallbackDocuments } from './callback-documents.js';
import { callbackHeaders } from './callback-headers.js';
import { type AttemptRecord, CallbackQueue, type OwedCallback } from './callback-queue.js';
import { retryDelay } from './callback-verdict.js';

/** Looks for calls that are due although nothing woke this node. Milliseconds. */
const SAFETY_POLL = 2_000;
/** Calls under way at once, of this node; and of them to one origin. */
const MOST_CALLS = 64;
const MOST_PER_ORIGIN = 4;
/** On top of the time limit of a call: to read the results before and to write down the outcome after. Milliseconds. */
const LEASE_MARGIN = 30_000;
/** An answer needs no body; a subscriber that sends one may send this much. Bytes. */
const MOST_ANSWERED = 65_536;

/**
 * Calls subscribers back (OGC 18-062r2 /req/callback/job-callback): each call at least once, those of a job in their
 * order, until the subscriber answers with 2xx or the call is given up. What is owed is in rows, so any node may make
 * the next attempt, also after a restart.
 */
@Injectable()
export class CallbackSender implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(CallbackSender.name);
  private readonly stopped = new AbortController();
  private readonly underWay = new Set<Promise<void>>();
  private readonly perOrigin = new Map<string, number>();
  private readonly retries = new Set<NodeJS.Timeout>();
  private poll: NodeJS.Timeout | undefined;
  private taking: Promise<void> | undefined;
  private wokenMeanwhile = false;

  constructor(
    private readonly queue: CallbackQueue,
    private readonly documents: CallbackDocuments,
    private readonly outgoing: GuardedFetch,
    private readonly notifications: Notifications,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.notifications.on(CALLBACK_CHANNEL, () => this.wake());
  }

  onApplicationBootstrap(): void {
    this.poll = setInterval(() => this.wake(), SAFETY_POLL);
    this.wake();
  }

  /** Calls under way are broken off and given back; they are made again by another node or after the restart. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.poll);
    for (const retry of this.retries) clearTimeout(retry);
    this.stopped.abort();
    await this.taking;
    await Promise.all(this.underWay);
  }

  private wake(): void {
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
      if (!isDatabaseUnavailable(error)) this.logger.error(`Callbacks cannot be read: ${(error as Error).stack}`);
    }
  }

  private async take(): Promise<void> {
    const free = MOST_CALLS - this.underWay.size;
    if (free <= 0) return;
    const busy = [...this.perOrigin].filter(([, calls]) => calls >= MOST_PER_ORIGIN).map(([origin]) => origin);
    const lease = this.settings.CALLBACK_TIMEOUT + LEASE_MARGIN;
    for (const callback of await this.queue.take(free, MOST_PER_ORIGIN, busy, lease)) {
      this.perOrigin.set(callback.origin, (this.perOrigin.get(callback.origin) ?? 0) + 1);
      const call = this.call(callback).finally(() => {
        this.underWay.delete(call);
        this.release(callback.origin);
        // The place is free, and a later call of the same job may be due now.
        this.wake();
      });
      this.underWay.add(call);
    }
  }

  private release(origin: string): void {
    const calls = this.perOrigin.get(origin)! - 1;
    if (calls > 0) this.perOrigin.set(origin, calls);
    else this.perOrigin.delete(origin);
  }

  private async call(callback: OwedCallback): Promise<void> {
    try {
      const outcome = await this.attempt(callback);
      if (outcome === undefined) await this.queue.giveBack(callback);
      else if (isSuccess(outcome.status)) await this.queue.delivered(callback, outcome);
      else await this.failed(callback, outcome);
    } catch (error) {
      // The outcome is not on record, so the call is made again when its lease has run out.
      this.logger.warn(`The outcome of callback ${eventId(callback)} could not be stored: ${(error as Error).message}`);
    }
  }

  /** @returns nothing when this node broke it off */
  private async attempt(callback: OwedCallback): Promise<(AttemptRecord & { fault?: OutgoingError }) | undefined> {
    const { signal } = this.stopped;
    if (signal.aborted) return undefined;
    try {
      const body = await this.documents.of(callback);
      const { status, body: answer } = await this.outgoing.fetch(callback.uri, {
        method: 'POST',
        headers: callbackHeaders(eventId(callback), callback.kind, body, Date.now(), this.settings.CALLBACK_SECRET),
        body,
        timeout: this.settings.CALLBACK_TIMEOUT,
        maxBytes: MOST_ANSWERED,
        signal,
      });
      answer.on('error', () => undefined).destroy();
      return isSuccess(status) ? { status } : { status, reason: `The subscriber answered with ${status}.` };
    } catch (error) {
      if (signal.aborted) return undefined;
      if (error instanceof OutgoingError) return { reason: `The URL ${error.message}.`, fault: error };
      this.logger.error(`The document of callback ${eventId(callback)} cannot be made: ${(error as Error).stack}`);
      return { reason: 'The document to be sent cannot be made.' };
    }
  }

  private async failed(callback: OwedCallback, { fault, ...record }: AttemptRecord & { fault?: OutgoingError }) {
    const { kind, attempts } = callback;
    const delay = retryDelay(
      {
        kind,
        attempts,
        age: Date.now() - callback.created_at.getTime(),
        holdsUp: callback.holds_up,
        status: record.status,
        fault: fault?.fault,
      },
      this.settings,
    );
    if (delay === undefined) {
      this.logger.warn(`Callback ${eventId(callback)} (${kind}) is given up. ${record.reason}`);
      return await this.queue.givenUp(callback, record);
    }
    await this.queue.postpone(callback, record, delay);
    if (delay >= SAFETY_POLL || this.stopped.signal.aborted) return;
    const retry = setTimeout(() => {
      this.retries.delete(retry);
      this.wake();
    }, delay);
    this.retries.add(retry);
  }
}

function isSuccess(status: number | undefined): boolean {
  return status !== undefined && status >= 200 && status < 300;
}

function eventId({ job_id: jobId, seq }: OwedCallback): string {
  return `${jobId}/${seq}`;
}
