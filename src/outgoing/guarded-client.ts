import { Agent, request, type Dispatcher } from 'undici';
import type { AddressPolicy } from './address-policy.js';
import { guardedConnector } from './guarded-connector.js';

/** Milliseconds to connect; a request that has less time altogether gets less. */
const CONNECT_TIMEOUT = 10_000;

/** An HTTP client that connects to allowed addresses only. */
export class GuardedClient {
  private readonly agent: Agent;

  constructor(policy: AddressPolicy) {
    // No keep-alive: an idle connection would outlive the check of its address.
    this.agent = new Agent({ connect: guardedConnector(policy, CONNECT_TIMEOUT), pipelining: 0 });
  }

  /** Sends a request and follows nowhere. @throws OutgoingError `address`; errors of the connection */
  request(url: URL, options: Omit<Dispatcher.RequestOptions, 'path' | 'origin'>): Promise<Dispatcher.ResponseData> {
    return request(url, { ...options, dispatcher: this.agent });
  }

  /** Ends open requests. */
  async close(): Promise<void> {
    await this.agent.destroy();
  }
}
