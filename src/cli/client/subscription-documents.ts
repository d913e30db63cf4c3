// Subscriptions are this API's own, other servers have none.

/** What the command line sends for a new subscription. */
export interface NewSubscription {
  readonly url: string;
  readonly events: readonly string[];
  readonly processID?: readonly string[];
  readonly secret?: string;
  readonly description?: string;
}

/** A subscription as the server shows it. */
export interface Subscription {
  readonly id: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly processID?: readonly string[];
  readonly description?: string;
  readonly enabled?: boolean;
  readonly disabledReason?: string;
}

/** What became of a notification. */
export interface Delivery {
  readonly id: string;
  readonly type: string;
  readonly state: string;
  readonly status?: number;
  readonly reason?: string;
}
