import { describe, expect, it } from '@jest/globals';
import { Settings } from '../config/settings.js';
import { GitStorage } from './git/git-storage.js';
import { HttpStorage } from './http/http-storage.js';
import { LocalFileSystemStorage } from './local/local-file-system-storage.js';
import { MemoryStorage } from './memory/memory-storage.js';
import { openUrl, type UrlSettings } from './open-url.js';
import { S3Storage } from './s3/s3-storage.js';
import { StorageAddressPolicy } from './storage-address-policy.js';

const tools = { addresses: new StorageAddressPolicy(Settings.parse({})), cacheDirectory: '/nowhere' };

describe(openUrl.name, () => {
  it.each([
    ['s3://bucket/some/prefix', S3Storage],
    ['file:///some/directory', LocalFileSystemStorage],
    ['https://example.org/base', HttpStorage],
    ['git+https://example.org/repository.git#main:directory', GitStorage],
    ['memory://name', MemoryStorage],
  ])('opens %s', async (basepath, type) => {
    expect(await openUrl(basepath, {}, tools)).toBeInstanceOf(type);
  });

  it('opens the same memory for the same name', async () => {
    const storage = await openUrl('memory://a', {}, tools);
    expect(await openUrl('memory://a', {}, tools)).toBe(storage);
    expect(await openUrl('memory://b', {}, tools)).not.toBe(storage);
  });

  it.each([
    [{ endpoint: 'http://s3.example.org' }, 'http://s3.example.org/bucket/prefix/key'],
    [{ endpoint_url: 'http://s3.example.org' }, 'http://s3.example.org/bucket/prefix/key'],
    [{ client_kwargs: { endpoint_url: 'http://s3.example.org' } }, 'http://s3.example.org/bucket/prefix/key'],
    [{ endpoint: 's3.example.org:9000', use_ssl: false }, 'http://s3.example.org:9000/bucket/prefix/key'],
    [{ endpoint: 's3.example.org' }, 'https://s3.example.org/bucket/prefix/key'],
    [{ endpoint: 'http://s3.example.org', forcePathStyle: false }, 'http://bucket.s3.example.org/prefix/key'],
    [{ region: 'eu-central-1' }, 'https://bucket.s3.eu-central-1.amazonaws.com/prefix/key'],
  ])('finds the objects of a bucket with the settings %j', async (settings, url) => {
    const storage = await openUrl('s3://bucket/prefix', { key: 'k', secret: 's', ...settings }, tools);
    const presigned = await storage.presign('key', { lifetime: 60_000, fileName: 'a b.txt' });
    expect(presigned?.startsWith(`${url}?`)).toBe(true);
    expect(new URL(presigned!).searchParams.get('X-Amz-Expires')).toBe('60');
    expect(new URL(presigned!).searchParams.get('response-content-disposition')).toContain("UTF-8''a%20b.txt");
  });

  it.each(['ftp://example.org', 'bucket/prefix', '', 's3://key:secret@bucket', 'https://u:p@example.org/'])(
    'refuses %j without repeating it',
    async (basepath) => {
      const error = await openUrl(basepath, {}, tools).catch((fault: unknown) => fault);
      expect(error).toMatchObject({ fault: 'misconfigured' });
      expect((error as Error).message).not.toContain('secret@');
    },
  );

  it.each([
    ['s3://bucket', { endpoint: 9000 }, 'endpoint: '],
    ['s3://bucket', { endpont_url: 'http://s3.example.org' }, 'endpont_url'],
    ['s3://bucket', { client_kwargs: { endpoint_url: 1 } }, 'client_kwargs: endpoint_url: '],
    ['https://example.org', { headers: ['x'] }, 'headers: '],
    ['s3://bucket/%zz', {}, 'has a % that encodes nothing'],
    ['s3://bucket/%ff', {}, 'has a % that encodes nothing'],
  ])('says what is wrong with %s and the settings %j', async (basepath, settings, words) => {
    await expect(openUrl(basepath, settings as UrlSettings, tools)).rejects.toThrow(
      expect.objectContaining({ fault: 'misconfigured', message: expect.stringContaining(words) }),
    );
  });

  it('asks for both halves of a key', async () => {
    await expect(openUrl('s3://bucket', { key: 'k' }, tools)).rejects.toThrow('both key and secret');
  });
});
