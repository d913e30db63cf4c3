import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import type { AttemptRecord, CallContent, CallSource } from '../deliveries/call-source.js';
import { Deliveries } from '../deliveries/deliveries.js';
import { NOTIFICATION_CHANNEL } from '../jobs/job-channels.js';
import { StatusInfoPresenter } from '../jobs/status-info.js';
import { readJobRow } from '../jobs/store/job-row.js';
import { notificationContent } from './notification-content.js';
import { NotificationQueue, type OwedNotification } from './store/notification-queue.js';

/** Tells subscriptions of events: each at least once, those of one job in their order. */
@Injectable()
export class NotificationSource implements CallSource<OwedNotification>, OnModuleInit {
  readonly noun = 'Notification';
  readonly channel = NOTIFICATION_CHANNEL;

  constructor(
    private readonly queue: NotificationQueue,
    private readonly presenter: StatusInfoPresenter,
    private readonly deliveries: Deliveries,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.deliveries.serve(this);
  }

  eventId({ job_id: jobId, seq }: OwedNotification): string {
    return `${jobId}/${seq}`;
  }

  lane({ subscription_id: subscriptionId }: OwedNotification): string {
    return subscriptionId;
  }

  content(owed: OwedNotification): Promise<CallContent> {
    const { type, created_at: at, data, job, base, secret } = owed;
    const notification = {
      id: this.eventId(owed),
      type,
      time: at.toISOString(),
      job: this.presenter.presentAt(this.settings.PUBLIC_URL ?? base, readJobRow(job)),
      ...(data !== null && { data }),
    };
    return Promise.resolve(notificationContent(owed.subscription_id, notification, secret));
  }

  /** Order comes first: what follows in the same job waits until this one is delivered or given up. */
  makesWay(): boolean {
    return false;
  }

  take(most: number, mostPerLane: number, busy: readonly string[], lease: number): Promise<OwedNotification[]> {
    return this.queue.take(most, mostPerLane, busy, lease);
  }

  delivered(owed: OwedNotification, attempt: AttemptRecord): Promise<void> {
    return this.queue.delivered(owed, attempt);
  }

  givenUp(owed: OwedNotification, attempt: AttemptRecord): Promise<void> {
    return this.queue.givenUp(owed, attempt);
  }

  postpone(owed: OwedNotification, attempt: AttemptRecord, delay: number): Promise<void> {
    return this.queue.postpone(owed, attempt, delay);
  }

  giveBack(owed: OwedNotification): Promise<void> {
    return this.queue.giveBack(owed);
  }
}
