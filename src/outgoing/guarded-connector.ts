import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import type { AddressPolicy } from './address-policy.js';
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

/** Resolves names to allowed addresses only. */
export function guardedLookup(policy: AddressPolicy): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      const allowed = addresses.filter(({ address }) => policy.allows(address));
      const [first] = allowed;
      if (first === undefined) return callback(new OutgoingError('address'), '', 0);
      if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
