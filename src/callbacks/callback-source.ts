import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import type { AttemptRecord, CallContent, CallSource } from '../deliveries/call-source.js';
import { Deliveries } from '../deliveries/deliveries.js';
import { CALLBACK_CHANNEL } from '../jobs/job-channels.js';
import { CallbackDocuments } from './callback-documents.js';
import { CallbackQueue, type OwedCallback } from './callback-queue.js';

/** Failed attempts after which a call about progress makes way for a later call of its job. */
const PATIENCE_WITH_PROGRESS = 3;

/**
 * Calls subscribers back (OGC 18-062r2 /req/callback/job-callback): each call at least once, those of a job in their
 * order, until the subscriber answers with 2xx or the call is given up. A call about progress that keeps failing may be
 * superseded: after some failures it makes way for a later call of its job, which tells the same and more.
 */
@Injectable()
export class CallbackSource implements CallSource<OwedCallback>, OnModuleInit {
  readonly noun = 'Callback';
  readonly channel = CALLBACK_CHANNEL;

  constructor(
    private readonly queue: CallbackQueue,
    private readonly documents: CallbackDocuments,
    private readonly deliveries: Deliveries,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.deliveries.serve(this);
  }

  eventId({ job_id: jobId, seq }: OwedCallback): string {
    return `${jobId}/${seq}`;
  }

  lane({ origin }: OwedCallback): string {
    return origin;
  }

  async content(call: OwedCallback): Promise<CallContent> {
    const headers = { 'sluice-callback': call.kind };
    return { headers, body: await this.documents.of(call), secret: this.settings.CALLBACK_SECRET };
  }

  makesWay({ kind, holds_up: holdsUp, attempts }: OwedCallback): boolean {
    return kind === 'inProgressUri' && holdsUp && attempts >= PATIENCE_WITH_PROGRESS;
  }

  take(most: number, mostPerOrigin: number, busy: readonly string[], lease: number): Promise<OwedCallback[]> {
    return this.queue.take(most, mostPerOrigin, busy, lease);
  }

  delivered(call: OwedCallback, attempt: AttemptRecord): Promise<void> {
    return this.queue.delivered(call, attempt);
  }

  givenUp(call: OwedCallback, attempt: AttemptRecord): Promise<void> {
    return this.queue.givenUp(call, attempt);
  }

  postpone(call: OwedCallback, attempt: AttemptRecord, delay: number): Promise<void> {
    return this.queue.postpone(call, attempt, delay);
  }

  giveBack(call: OwedCallback): Promise<void> {
    return this.queue.giveBack(call);
  }
}
