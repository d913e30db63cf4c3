import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AddressPolicy } from './address-policy.js';
import { guardedLookup } from './guarded-lookup.js';
import { OutgoingError } from './outgoing-error.js';

type Created = (error: Error | null, stream: Duplex) => void;
type AgentConnection = http.AgentOptions & { host?: string | null };

/**
 * Agents of Node's own HTTP client that connect to allowed addresses only, for libraries that bring their client along.
 * Connections are kept for a while: they stay with the address that was checked.
 */
export function guardedAgents(policy: AddressPolicy, maxSockets: number): { http: http.Agent; https: https.Agent } {
  const lookup = guardedLookup(policy);
  const options = { keepAlive: true, maxSockets };

  class GuardedHttpAgent extends http.Agent {
    override createConnection(options: http.ClientRequestArgs, created?: Created) {
      refuseAddress(options as AgentConnection, policy);
      return super.createConnection({ ...options, lookup }, created);
    }
  }

  class GuardedHttpsAgent extends https.Agent {
    override createConnection(options: https.RequestOptions, created?: Created) {
      refuseAddress(options as AgentConnection, policy);
      return super.createConnection({ ...options, lookup }, created);
    }
  }

  return { http: new GuardedHttpAgent(options), https: new GuardedHttpsAgent(options) };
}

/** No lookup happens for a literal address. */
function refuseAddress({ host }: AgentConnection, policy: AddressPolicy): void {
  const address = (host ?? '').replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0 && !policy.allows(address)) throw new OutgoingError('address');
}
