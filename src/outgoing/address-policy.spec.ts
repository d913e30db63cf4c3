import { describe, expect, it } from '@jest/globals';
import { Settings } from '../config/settings.js';
import { AddressPolicy, isPublicAddress } from './address-policy.js';

describe(isPublicAddress.name, () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['0.0.0.0', 'unspecified'],
    ['10.1.2.3', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['169.254.169.254', 'link-local, metadata of clouds'],
    ['100.64.0.1', 'carrier-grade NAT'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['240.0.0.1', 'reserved'],
    ['192.0.2.1', 'documentation'],
    ['198.18.0.1', 'benchmarking'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['::127.0.0.1', 'IPv4-compatible'],
    ['fe80::1', 'link-local'],
    ['fe80::1%lo', 'link-local with a zone'],
    ['fc00::1', 'unique local'],
    ['fd12:3456::1', 'unique local'],
    ['fec0::1', 'site-local'],
    ['ff02::1', 'multicast'],
    ['::ffff:127.0.0.1', 'IPv4-mapped loopback'],
    ['::ffff:a00:1', 'IPv4-mapped private'],
    ['64:ff9b::7f00:1', 'NAT64 of loopback'],
    ['64:ff9b::a9fe:a9fe', 'NAT64 of link-local'],
    ['64:ff9b:1::1', 'local NAT64'],
    ['2002:7f00:1::', '6to4 of loopback'],
    ['2002:c0a8:101::1', '6to4 of private'],
    ['2001::1', 'Teredo'],
    ['2001:db8::1', 'documentation'],
    ['localhost', 'no address'],
    ['', 'no address'],
  ])('refuses %s (%s)', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each([
    '8.8.8.8',
    '93.184.216.34',
    '172.32.0.1',
    '2606:4700::1111',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
    '2002:808:808::1',
  ])('allows %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe(AddressPolicy.name, () => {
  it('allows private addresses only when ALLOW_PRIVATE_REFERENCES says so', () => {
    expect(new AddressPolicy(Settings.parse({})).allows('127.0.0.1')).toBe(false);
    expect(new AddressPolicy(Settings.parse({ ALLOW_PRIVATE_REFERENCES: 'true' })).allows('127.0.0.1')).toBe(true);
  });

  it.each([
    ['127.0.0.1', false],
    ['[::1]', false],
    ['[::ffff:a00:1]', false],
    ['169.254.169.254', false],
    ['localhost', false],
    ['a.localhost', false],
    ['localhost.', false],
    ['8.8.8.8', true],
    ['[2606:4700::1111]', true],
    ['localhost.example.org', true],
    ['example.org', true],
  ])('tells by its name alone whether a host may be allowed: %s %p', (hostname, expected) => {
    expect(new AddressPolicy(Settings.parse({})).mayAllowHost(hostname)).toBe(expected);
    expect(new AddressPolicy(Settings.parse({ ALLOW_PRIVATE_REFERENCES: 'true' })).mayAllowHost(hostname)).toBe(true);
  });
});
