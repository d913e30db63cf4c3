import { z } from 'zod';
import { isStorableText } from '../../database/storable-text.js';
import { JOB_EVENT_TYPES } from '../../jobs/events/event-types.js';
import { parseBody } from '../../ogc/http/parse-body.js';
import { faultOfCalledUrl } from '../../outgoing/called-url.js';
import type { SubscriptionMembers } from '../store/subscriptions.js';

const MOST_PROCESSES = 100;

const text = (least: number, most: number) =>
  z.string().min(least).max(most).refine(isStorableText, 'must not hold NUL characters or lone surrogates');

const URL_TEXT = z.string().superRefine((url, context) => {
  const fault = faultOfCalledUrl(url);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
});
const EVENTS = z
  .array(z.enum(JOB_EVENT_TYPES, `must be one of: ${JOB_EVENT_TYPES.join(', ')}`))
  .min(1)
  .max(JOB_EVENT_TYPES.length);
const PROCESS_IDS = z
  .union([text(1, 200).transform((id) => [id]), z.array(text(1, 200)).min(1).max(MOST_PROCESSES)], {
    error: `must be the id of a process, or a list of 1 to ${MOST_PROCESSES}`,
  })
  .nullable();
const SECRET = text(16, 1_000).nullable();
const DESCRIPTION = text(0, 1_000).nullable();

const NEW = z.strictObject({
  url: URL_TEXT,
  events: EVENTS,
  processID: PROCESS_IDS.optional(),
  secret: SECRET.optional(),
  description: DESCRIPTION.optional(),
  enabled: z.boolean().optional(),
});
const CHANGES = NEW.partial();

/** Reads the body of `POST /subscriptions`. @throws DomainError `invalid-parameter` with every violation */
export function parseSubscription(body: unknown): SubscriptionMembers {
  const { url, ...given } = parseBody(NEW, body, 'The subscription is not valid.');
  const none = { processIds: null, secret: null, description: null, enabled: true };
  const { events, ...members } = toMembers(given);
  return { ...none, ...members, url: new URL(url).href, events: events! };
}

/**
 * Reads the body of `PATCH /subscriptions/{subscriptionID}`: members that are there are changed, null takes one away.
 * @throws DomainError `invalid-parameter` with every violation
 */
export function parseSubscriptionChanges(body: unknown): Partial<SubscriptionMembers> {
  const { url, ...given } = parseBody(CHANGES, body, 'The changes of the subscription are not valid.');
  return { ...toMembers(given), ...(url !== undefined && { url: new URL(url).href }) };
}

function toMembers({
  processID,
  events,
  ...rest
}: Omit<z.infer<typeof CHANGES>, 'url'>): Partial<Omit<SubscriptionMembers, 'url'>> {
  return {
    ...rest,
    ...(events !== undefined && { events: [...new Set(events)] }),
    ...(processID !== undefined && { processIds: processID && [...new Set(processID)] }),
  };
}
