import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { destinationOf, pathOf } from './destination.js';
import { readDocumentOutput, resultsText } from './results-document.js';
import { table } from './table.js';
import { printable } from './terminal.js';
import { progressText } from '../watch/progress-line.js';
import { parseDuration } from '../watch/duration.js';

describe('destinationOf', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
    writeFileSync(join(directory, 'file'), '');
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('takes an existing directory or a path with a slash for a directory', async () => {
    expect(await destinationOf(directory, 1)).toHaveProperty('kind', 'directory');
    expect(await destinationOf(join(directory, 'new/'), 1)).toHaveProperty('kind', 'directory');
  });

  it('makes a file for one output and a directory for several', async () => {
    expect(await destinationOf(join(directory, 'new'), 1)).toHaveProperty('kind', 'file');
    expect(await destinationOf(join(directory, 'new'), 2)).toHaveProperty('kind', 'directory');
    await expect(destinationOf(join(directory, 'file'), 2)).rejects.toThrow(/2 outputs/);
  });

  it('keeps files in the directory, whatever the server calls its outputs', () => {
    const target = { kind: 'directory', path: '/out' } as const;
    expect(pathOf(target, 'image', 'image/tiff; application=geotiff')).toBe('/out/image.tif');
    expect(pathOf(target, '../../etc/passwd', 'text/plain')).toBe('/out/%2E%2E%2F..%2Fetc%2Fpasswd.txt');
    expect(pathOf(target, '..', 'application/unheard-of')).toBe('/out/%2E%2E');
  });
});

describe('readDocumentOutput', () => {
  it.each<[unknown, object]>([
    [
      { href: 'http://a/b', type: 'image/png' },
      { kind: 'reference', href: 'http://a/b', mediaType: 'image/png' },
    ],
    [
      { value: 'QQ==', mediaType: 'image/png', encoding: 'base64' },
      { kind: 'bytes', mediaType: 'image/png' },
    ],
    [
      { value: { a: 1 }, mediaType: 'application/geo+json' },
      { kind: 'json', mediaType: 'application/geo+json' },
    ],
    [
      { value: 3, unit: 'm' },
      { kind: 'json', value: { value: 3, unit: 'm' } },
    ],
    ['text', { kind: 'text', text: 'text' }],
    [[1], { kind: 'json', value: [1] }],
    [null, { kind: 'json', value: null }],
  ])('tells %j apart', (member, expected) => {
    expect(readDocumentOutput(member)).toMatchObject(expected);
  });

  it('shows people the size of bytes instead of the bytes', () => {
    const document = { a: { value: 'QUJD', mediaType: 'image/png', encoding: 'base64' }, b: 1 };
    expect(resultsText(document)).toBe('a: 3 bytes of image/png (--output DIRECTORY saves them)\nb: 1');
  });
});

describe('printable', () => {
  it('takes out what would steer a terminal, and keeps lines and letters', () => {
    expect(printable('a\u001b[2Jb\r\u0007\u009b31m\tünï\n')).toBe('a[2Jb31m\tünï\n');
  });
});

describe('table', () => {
  it('aligns columns', () => {
    expect(
      table([
        ['A', 'BB'],
        ['aaa', 'b'],
      ]),
    ).toEqual(['A    BB', 'aaa  b']);
  });
});

describe('progressText', () => {
  it('shows progress, status, message and time within the width', () => {
    const text = progressText({ status: 'running', progress: 50, message: 'half\nway' }, 3, 80);
    expect(text).toBe('[===============>              ]  50%  running  half way  3 s');
    expect(progressText({ status: 'running', message: 'x'.repeat(200) }, 3, 60)).toHaveLength(59);
    expect(progressText({ status: 'successful', progress: 250 }, 3, 80)).toContain(`[${'='.repeat(30)}]`);
  });
});

describe('parseDuration', () => {
  it.each([
    ['90', 90_000],
    ['500ms', 500],
    ['5m', 300_000],
    ['1h', 3_600_000],
  ])('reads %s', (text, expected) => expect(parseDuration(text)).toBe(expected));

  it.each(['', '0', '-1', '1d2', '999999h'])('refuses "%s"', (text) => expect(() => parseDuration(text)).toThrow());
});
