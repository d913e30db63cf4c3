import { describe, expect, it } from '@jest/globals';
import { formatLocation, parseLocation } from './file-location.js';

describe(parseLocation.name, () => {
  it.each([
    ['jobs/0199/1/outputs/a', { key: 'jobs/0199/1/outputs/a' }],
    ['jobs/0199/1/outputs/a:b', { key: 'jobs/0199/1/outputs/a:b' }],
    ['s3/results:jobs/0199/1/outputs/a', { storage: 's3/results', key: 'jobs/0199/1/outputs/a' }],
    ['local-file-system/a.b-c:x:y/z', { storage: 'local-file-system/a.b-c', key: 'x:y/z' }],
  ])('reads %s, and writes it again', (text, location) => {
    expect(parseLocation(text)).toEqual(location);
    expect(formatLocation(location)).toBe(text);
  });
});
