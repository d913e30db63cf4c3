import { Injectable } from '@nestjs/common';
import { v7 as uuid, validate as isUuid } from 'uuid';
import { Settings } from '../config/settings.js';
import { CallAttempt } from '../deliveries/call-attempt.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { AddressPolicy } from '../outgoing/address-policy.js';
import { notificationContent } from './notification-content.js';
import { DeliveryHistory, type DeliveryRow } from './store/delivery-history.js';
import { type SubscriptionMembers, type SubscriptionRow, Subscriptions } from './store/subscriptions.js';

/** What clients do with subscriptions. */
@Injectable()
export class SubscriptionService {
  constructor(
    private readonly subscriptions: Subscriptions,
    private readonly history: DeliveryHistory,
    private readonly attempts: CallAttempt,
    private readonly policy: AddressPolicy,
    private readonly settings: Settings,
  ) {}

  /**
   * @param base URL of the landing page, for the links in what is sent
   * @throws DomainError `invalid-parameter` for an address that this service does not connect to;
   *   `too-many-subscriptions`
   */
  async add(members: SubscriptionMembers, base: string): Promise<SubscriptionRow> {
    this.requireAllowed(members.url);
    const row = await this.subscriptions.add(uuid(), members, base, this.settings.MAX_SUBSCRIPTIONS);
    if (row !== undefined) return row;
    const most = this.settings.MAX_SUBSCRIPTIONS;
    throw new DomainError('too-many-subscriptions', `This service keeps ${most} subscription(s) at most.`);
  }

  /** @throws DomainError `no-such-subscription` */
  async get(id: string): Promise<SubscriptionRow & { readonly owed: number }> {
    const row = isUuid(id) ? await this.subscriptions.find(id) : undefined;
    return row ?? unknown(id);
  }

  /** @throws DomainError `invalid-parameter`, `no-such-subscription` */
  async change(id: string, changes: Partial<SubscriptionMembers>): Promise<SubscriptionRow> {
    if (changes.url !== undefined) this.requireAllowed(changes.url);
    const row = isUuid(id) ? await this.subscriptions.change(id, changes) : undefined;
    return row ?? unknown(id);
  }

  /** @throws DomainError `no-such-subscription` */
  async remove(id: string): Promise<void> {
    if (!isUuid(id) || !(await this.subscriptions.remove(id))) unknown(id);
  }

  /**
   * Posts a notification of the type `test`, once, also to a subscription that is disabled.
   * @returns how that went
   * @throws DomainError `no-such-subscription`
   */
  async test(id: string): Promise<DeliveryRow> {
    const key = isUuid(id) ? await this.subscriptions.key(id) : undefined;
    if (key === undefined) return unknown(id);
    const at = new Date();
    const testId = uuid();
    const eventId = `${testId}/0`;
    const notification = { id: eventId, type: 'test', time: at.toISOString(), data: { subscription: id } };
    const { delivered, status, reason } = await this.attempts.make(
      key.url,
      eventId,
      notificationContent(id, notification, key.secret),
    );
    return (await this.history.keepTest(id, testId, at, delivered, { status, reason })) ?? unknown(id);
  }

  private requireAllowed(url: string): void {
    if (this.policy.mayAllowHost(new URL(url).hostname)) return;
    const detail = 'leads to an address that this service does not connect to';
    throw new DomainError('invalid-parameter', 'The subscription is not valid.', {
      errors: [{ pointer: '/url', detail }],
    });
  }
}

function unknown(id: string): never {
  throw new DomainError('no-such-subscription', `There is no subscription with the id "${id.slice(0, 100)}".`);
}
