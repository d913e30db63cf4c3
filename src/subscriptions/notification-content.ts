import type { CallContent } from '../deliveries/call-source.js';
import type { StatusInfo } from '../jobs/status-info.js';

/** An event as its subscribers are told of it. No member is ever null. */
export interface NotificationDocument {
  /** `jobID/number of the event` */
  readonly id: string;
  readonly type: string;
  readonly time: string;
  /** The job as the event left it. */
  readonly job?: StatusInfo;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** What is sent to a subscription. @param secret key of the signature, if there is one */
export function notificationContent(
  subscriptionId: string,
  notification: NotificationDocument,
  secret: string | null,
): CallContent {
  return {
    headers: { 'sluice-event': notification.type, 'sluice-subscription': subscriptionId },
    body: Buffer.from(JSON.stringify(notification)),
    ...(secret !== null && { secret }),
  };
}
