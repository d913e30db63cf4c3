import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Settings } from '../../src/config/settings.js';
import { S3Storage } from '../../src/storage/s3/s3-storage.js';
import { StorageAddressPolicy } from '../../src/storage/storage-address-policy.js';
import { type S3Server, testedS3Servers } from '../harness/s3-servers.js';

jest.setTimeout(120_000);

const MIB = 1024 ** 2;
const addresses = new StorageAddressPolicy(Settings.parse({ ALLOW_PRIVATE_STORAGE: 'true' }));

/** What buckets can do beyond the contract of all storages. */
describe.each(testedS3Servers())('a bucket on $name', (tested) => {
  let server: S3Server;
  let storage: S3Storage;

  beforeAll(async () => {
    server = await tested.start('results');
    const { endpoint, credentials } = server;
    storage = new S3Storage(
      { bucket: 'results', prefix: 'p', endpoint, credentials, copyInPartsAbove: MIB },
      addresses,
    );
  });
  afterAll(async () => {
    await storage.close();
    await server.stop();
  });

  it('gives an object at a presigned URL to whoever has it, with its type and a name to save it under', async () => {
    await storage.put('maps/\u00fc 1.tif', Buffer.from('a map'), { mediaType: 'image/tiff' });
    const options = { lifetime: 60_000, mediaType: 'image/tiff', fileName: 'm\u00fcnchen.tif' };
    const url = await storage.presign('maps/\u00fc 1.tif', options);
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('60');
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('image/tiff');
    expect(response.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''m%C3%BCnchen.tif");
    expect(await response.text()).toBe('a map');
  });

  it('has no presigned URL that is valid for longer than the protocol allows', async () => {
    const url = await storage.presign('maps/x', { lifetime: 30 * 86_400_000 });
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe(String(7 * 86_400));
  });

  // The other one fails to list a second page, and knows no such copies.
  if (!tested.authenticates) return;

  it('is listed and emptied page by page', async () => {
    const names = Array.from({ length: 11 }, (_, number) => `many/${10 + number}`);
    await Promise.all([...names, 'manyother'].map((name) => storage.put(name, Buffer.from('x'))));
    const listed = async (after?: string) => {
      const keys: string[] = [];
      for await (const { key } of storage.list('many', after)) keys.push(key);
      return keys;
    };
    expect(await listed()).toEqual([...names, 'manyother']);
    expect(await listed(names[4])).toEqual([...names.slice(5), 'manyother']);
    await storage.deleteAll('many/');
    expect(await listed()).toEqual(['manyother']);
  });

  it('copies a large object in parts, without its bytes passing here', async () => {
    const content = randomBytes(12 * MIB);
    await storage.put('one', content, { mediaType: 'image/tiff' });
    expect(await storage.copy('one', 'two')).toMatchObject({ size: 12 * MIB, mediaType: 'image/tiff' });
    expect((await buffer(await storage.get('two'))).equals(content)).toBe(true);
  });
});
