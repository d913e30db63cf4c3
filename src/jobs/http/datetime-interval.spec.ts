import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../ogc/problems/domain-error.js';
import { parseDatetime } from './datetime-interval.js';

const A = '2026-01-31T12:00:00Z';
const B = '2026-02-01T12:00:00.250+01:00';
const a = Date.UTC(2026, 0, 31, 12);
const b = Date.UTC(2026, 1, 1, 11, 0, 0, 250);

describe(`${parseDatetime.name} (/req/job-list/datetime-definition)`, () => {
  it.each([
    [A, { from: a, to: a }],
    [`${A}/${B}`, { from: a, to: b }],
    [`../${B}`, { from: undefined, to: b }],
    [`${A}/..`, { from: a, to: undefined }],
    [`/${B}`, { from: undefined, to: b }],
    [`${A}/`, { from: a, to: undefined }],
    ['../..', { from: undefined, to: undefined }],
    ['2026-01-31t12:00:00z', { from: a, to: a }],
    [B.replace('+', ' '), { from: b, to: b }],
    ['0000-01-01T00:00:00Z', { from: -62_167_219_200_000, to: -62_167_219_200_000 }],
    ['9999-12-31T23:59:59-23:59', { from: 253_402_387_139_000, to: 253_402_387_139_000 }],
  ])('reads %j', (text, interval) => expect(parseDatetime(text)).toEqual(interval));

  it.each([
    ...['', ' ', 'yesterday', '2026-01-31', '2026-02-30T00:00:00Z', '2026-01-31T12:00:00', `${A}/${B}/${A}`],
    ...[`${B}/${A}`, '1', '2026-13-01T00:00:00Z'],
    [A, B],
    7,
  ])('refuses %j', (value) => {
    expect(() => parseDatetime(value)).toThrow(DomainError);
  });
});
