import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isReservedDirectory } from '../../src/storage/blocks/reserved-directories.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

const place = temporaryDirectory('reserved-directories');
const data = join(place.path, 'data');
const outside = (name: string) => join(place.path, name);

beforeAll(() => {
  mkdirSync(join(data, 'postgres'), { recursive: true });
  mkdirSync(outside('elsewhere/jobs'), { recursive: true });
  mkdirSync(outside('free'));
  writeFileSync(outside('a-file'), '');
  symlinkSync(data, outside('to-data'));
  symlinkSync(place.path, outside('to-parent'));
  symlinkSync('/proc', outside('to-proc'));
  symlinkSync(outside('nothing'), outside('to-nothing'));
  symlinkSync(outside('free'), outside('to-free'));
  symlinkSync(outside('elsewhere/jobs'), join(data, 'jobs'));
});
afterAll(() => place.remove());

describe(isReservedDirectory.name, () => {
  it.each([
    ['DATA_DIR', 'data'],
    ['a link to it', 'to-data'],
    ['a link to a directory above it', 'to-parent'],
    ['its database, by a link', 'to-data/postgres'],
    ['what is yet to come there, by a link', 'to-data/uploads/x'],
    ['the key of the secrets, by a link', 'to-data/secret.key'],
    ['a directory of the service that is itself a link', 'elsewhere/jobs/x'],
    ['a directory above such a one', 'elsewhere'],
    ['the kernel, by a link', 'to-proc/self'],
    ['a link that leads nowhere yet', 'to-nothing/x'],
    ['what lies below a file', 'a-file/x/y'],
  ])('knows %s', (_, path) => {
    expect(isReservedDirectory(outside(path), data)).toBe(true);
  });

  it.each(['/proc/self/root/srv', join('/proc/self/root', data), '/dev/shm', '/sys'])('knows %s', (path) => {
    expect(isReservedDirectory(path, data)).toBe(true);
  });

  it.each(['free', 'to-free/x', 'data/results', 'to-data/results', 'data/jobs-of-others', 'not/there'])(
    'takes %s',
    (path) => {
      expect(isReservedDirectory(outside(path), data)).toBe(false);
    },
  );
});
