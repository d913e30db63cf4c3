import { Injectable } from '@nestjs/common';
import ipaddr from 'ipaddr.js';
import { Settings } from '../config/settings.js';

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');
const SIX_TO_FOUR = ipaddr.IPv6.parseCIDR('2002::/16');
/** RFC 6761 section 6.3. `URL` has made it lower case. */
const LOCALHOST = /^(?:.+\.)?localhost\.?$/;

/**
 * Says which addresses this service may connect to on behalf of a client. Only public unicast addresses, unless
 * ALLOW_PRIVATE_REFERENCES lifts the rule: what lies behind the service's own network is nobody else's to reach.
 */
@Injectable()
export class AddressPolicy {
  constructor(protected readonly settings: Settings) {}

  protected get allowsPrivate(): boolean {
    return this.settings.ALLOW_PRIVATE_REFERENCES;
  }

  /** @param address a literal IPv4 or IPv6 address, without brackets; anything else is refused */
  allows(address: string): boolean {
    return this.allowsPrivate || isPublicAddress(address);
  }

  /**
   * Whether a URL could be connected to, as far as its host tells by itself: no when that is an address which is not
   * allowed, or a name of this very machine. Where other names lead is known when they are looked up.
   * @param hostname as `URL` gives it
   */
  mayAllowHost(hostname: string): boolean {
    if (LOCALHOST.test(hostname)) return this.allowsPrivate;
    const address = hostname.replace(/^\[|\]$/g, '');
    return !ipaddr.isValid(address) || this.allows(address);
  }
}

/**
 * Whether an address belongs to the public internet. IPv6 addresses that carry an IPv4 address (mapped, NAT64, 6to4)
 * are as public as the one they carry; everything not known to be global is not public.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.range() === 'unicast';
  const bytes = parsed.toByteArray();
  if (parsed.isIPv4MappedAddress() || parsed.match(NAT64)) return isPublicIPv4(bytes.slice(12));
  if (parsed.match(SIX_TO_FOUR)) return isPublicIPv4(bytes.slice(2, 6));
  return parsed.match(GLOBAL_UNICAST) && parsed.range() === 'unicast';
}

function isPublicIPv4(bytes: number[]): boolean {
  return new ipaddr.IPv4(bytes).range() === 'unicast';
}
