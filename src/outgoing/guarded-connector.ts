import { isIP } from 'node:net';
import { buildConnector } from 'undici';
import type { AddressPolicy } from './address-policy.js';
import { guardedLookup } from './guarded-lookup.js';
import { OutgoingError } from './outgoing-error.js';

/**
 * Opens sockets to allowed addresses only. The check lies in the lookup of the connection itself, so the address that
 * was checked is the address connected to, whatever the name server answers the next time.
 * @param timeout milliseconds for name resolution, connection and TLS together
 */
export function guardedConnector(policy: AddressPolicy, timeout: number): buildConnector.connector {
  const connect = buildConnector({ timeout, lookup: guardedLookup(policy) });
  return (options, callback) => {
    // No lookup happens for a literal address.
    const host = options.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !policy.allows(host)) return callback(new OutgoingError('address'), null);
    connect(options, callback);
  };
}
