import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Settings } from '../../src/config/settings.js';
import { openUrl } from '../../src/storage/open-url.js';
import { S3Storage } from '../../src/storage/s3/s3-storage.js';
import { StorageAddressPolicy } from '../../src/storage/storage-address-policy.js';
import type { StorageError } from '../../src/storage/storage-error.js';
import { eventually } from '../harness/backends.js';
import { type S3Server, testedS3Servers } from '../harness/s3-servers.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(120_000);

const MIB = 1024 ** 2;
const addresses = new StorageAddressPolicy(Settings.parse({ ALLOW_PRIVATE_STORAGE: 'true' }));

/** What buckets can do beyond the contract of all storages. */
describe.each(testedS3Servers())('a bucket on $name', (tested) => {
  const place = temporaryDirectory('s3-keys');
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
    place.remove();
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

  it('gives nothing at a presigned URL whose time has passed', async () => {
    await storage.put('maps/brief.tif', Buffer.from('a map'));
    const url = await storage.presign('maps/brief.tif', { lifetime: 1_000 });
    const refusal = await eventually(async () => {
      const response = await fetch(url);
      const body = await response.text();
      return response.status === 200 ? undefined : { status: response.status, body };
    }, 'the URL expires');
    expect(refusal).toEqual({ status: 403, body: expect.stringContaining('Request has expired') });
  });

  /** Opened by the chain of AWS, with these variables and none of its other ones. */
  const foundBy = async (variables: Readonly<Record<string, string>>): Promise<string> => {
    const before = { ...process.env };
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
    Object.assign(process.env, { HOME: place.path, AWS_EC2_METADATA_DISABLED: 'true' }, variables);
    const unnamed = new S3Storage({ bucket: 'results', endpoint: server.endpoint }, addresses);
    try {
      await unnamed.put('by/chain', Buffer.from('found'));
      return String(await buffer(await unnamed.get('by/chain')));
    } catch (error) {
      return (error as StorageError).fault;
    } finally {
      await unnamed.close();
      for (const name of Object.keys(process.env)) delete process.env[name];
      Object.assign(process.env, before);
    }
  };

  it('takes keys that its block does not have from the environment, or from a file of credentials', async () => {
    const { accessKeyId, secretAccessKey } = server.credentials;
    const file = join(place.path, 'credentials');
    writeFileSync(
      file,
      `[other]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = wrong\n` +
        `[sluice]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
    );
    const keys = { AWS_ACCESS_KEY_ID: accessKeyId };
    expect([
      await foundBy({ ...keys, AWS_SECRET_ACCESS_KEY: secretAccessKey }),
      await foundBy({ ...keys, AWS_SECRET_ACCESS_KEY: 'wrong' }),
      await foundBy({ AWS_SHARED_CREDENTIALS_FILE: file, AWS_PROFILE: 'sluice' }),
      await foundBy({ AWS_SHARED_CREDENTIALS_FILE: file, AWS_PROFILE: 'other' }),
      await foundBy({}),
    ]).toEqual(['found', 'forbidden', 'found', 'forbidden', 'misconfigured']);
  });

  it('takes the keys of a base URL from its settings', async () => {
    const { accessKeyId: key, secretAccessKey: secret } = server.credentials;
    const tools = { addresses, cacheDirectory: place.path };
    const settings = { key, endpoint_url: server.endpoint };
    const open = (each: string) => openUrl('s3://results/p', { ...settings, secret: each }, tools);
    const [right, wrong] = await Promise.all([open(secret), open('wrong')]);
    try {
      await right.test();
      await expect(wrong.test()).rejects.toMatchObject({ fault: 'forbidden' });
    } finally {
      await Promise.all([right.close(), wrong.close()]);
    }
  });

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
