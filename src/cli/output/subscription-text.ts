import type { Subscription } from '../client/subscription-documents.js';
import { table } from './table.js';

/** Subscriptions for people, one line each. */
export function subscriptionTable(subscriptions: readonly Subscription[]): string {
  if (subscriptions.length === 0) return 'No subscriptions.';
  const rows = subscriptions.map(({ id, enabled, events, processID, url }) => [
    id,
    enabled === false ? 'no' : 'yes',
    events.join(','),
    processID?.join(',') ?? 'all',
    url,
  ]);
  return table([['SUBSCRIPTION', 'ENABLED', 'EVENTS', 'PROCESSES', 'URL'], ...rows]).join('\n');
}
