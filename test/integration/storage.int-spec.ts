import { afterAll, beforeAll, describe } from '@jest/globals';
import { Settings } from '../../src/config/settings.js';
import { GitStorage } from '../../src/storage/git/git-storage.js';
import { HttpStorage } from '../../src/storage/http/http-storage.js';
import { LocalFileSystemStorage } from '../../src/storage/local/local-file-system-storage.js';
import { MemoryStorage } from '../../src/storage/memory/memory-storage.js';
import { openUrl } from '../../src/storage/open-url.js';
import { S3Storage } from '../../src/storage/s3/s3-storage.js';
import { StorageAddressPolicy } from '../../src/storage/storage-address-policy.js';
import type { Storage } from '../../src/storage/storage.js';
import { FaultServer } from '../harness/fault-server.js';
import { FileServer } from '../harness/file-server.js';
import { GitRepository, GitServer } from '../harness/git-server.js';
import { type S3Server, testedS3Servers } from '../harness/s3-servers.js';
import { describeStorage, type Seed } from '../harness/storage-contract.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

async function sow(storage: Storage, seed: Seed): Promise<void> {
  for (const [key, content] of seed) await storage.put(key, content);
}

describeStorage('memory', {}, async (seed) => {
  const storage = new MemoryStorage();
  await sow(storage, seed);
  return { storage, remove: () => undefined };
});

describeStorage('local file system', {}, async (seed) => {
  const place = temporaryDirectory('storage');
  const storage = new LocalFileSystemStorage(`${place.path}/base`);
  await sow(storage, seed);
  return {
    storage,
    misconfigured: new LocalFileSystemStorage(`${place.path}/base/a-b`),
    remove: () => place.remove(),
  };
});

const addresses = new StorageAddressPolicy(Settings.parse({ ALLOW_PRIVATE_STORAGE: 'true' }));

describe.each(testedS3Servers())('S3 on $name', (server) => {
  let running: S3Server;
  beforeAll(async () => {
    running = await server.start('results');
  }, 120_000);
  afterAll(() => running?.stop());

  describeStorage('as a bucket', server.traits, async (seed) => {
    const { endpoint, credentials } = running;
    const [faults, silence] = [await FaultServer.start(), await FaultServer.startSilent()];
    const options = { bucket: 'results', prefix: 'some/prefix', endpoint, credentials };
    const storage = new S3Storage(options, addresses);
    const wrong = { ...credentials, secretAccessKey: 'wrong' };
    await new S3Storage({ ...options, prefix: 'some' }, addresses).put('beside', Buffer.from('of no concern'));
    await sow(storage, seed);
    return {
      storage,
      ...(server.authenticates && { forbidden: new S3Storage({ ...options, credentials: wrong }, addresses) }),
      failing: new S3Storage({ ...options, endpoint: faults.url, attempts: 1 }, addresses),
      slow: new S3Storage({ ...options, endpoint: silence.url, attempts: 1, timeout: 500 }, addresses),
      misconfigured: new S3Storage({ ...options, bucket: 'missing' }, addresses),
      async remove() {
        await faults.stop();
        await silence.stop();
      },
    };
  });

  // What a URL says comes to the same class; the quicker server is enough.
  if (server.authenticates) return;
  describeStorage('by URL', { ...server.traits, isLargeElsewhere: true }, async (seed) => {
    const { accessKeyId: key, secretAccessKey: secret } = running.credentials;
    const settings = { key, secret, client_kwargs: { endpoint_url: running.endpoint } };
    const tools = { addresses, cacheDirectory: '/nowhere' };
    const storage = await openUrl('s3://results/a%20prefix/', settings, tools);
    const beside = await openUrl('s3://results', settings, tools);
    await beside.put('a prefixed', Buffer.from('of no concern'));
    await sow(storage, seed);
    return { storage, misconfigured: await openUrl('s3://missing', settings, tools), remove: () => undefined };
  });
});

describeStorage('HTTP', { isReadOnly: true, cannotList: true }, async (seed) => {
  const server = await FileServer.start(seed, 'secret');
  const [faults, silence] = [await FaultServer.start(), await FaultServer.startSilent()];
  const options = { baseUrl: `${server.url}/base/`, headers: { authorization: 'secret' } };
  return {
    storage: new HttpStorage(options, addresses),
    forbidden: new HttpStorage({ ...options, headers: {} }, addresses),
    failing: new HttpStorage({ ...options, baseUrl: faults.url }, addresses),
    slow: new HttpStorage({ ...options, baseUrl: silence.url, timeout: 500 }, addresses),
    async remove() {
      await server.stop();
      await faults.stop();
      await silence.stop();
    },
  };
});

describeStorage('HTTP without ranges', { isReadOnly: true, cannotList: true }, async (seed) => {
  const server = await FileServer.start(seed, undefined, false);
  return {
    storage: new HttpStorage({ baseUrl: `${server.url}/base` }, addresses),
    remove: () => server.stop(),
  };
});

for (const where of ['local', 'remote']) {
  describeStorage(`git, ${where}`, { isReadOnly: true }, async (seed) => {
    const place = temporaryDirectory('git-cache');
    const tools = { addresses, cacheDirectory: place.path };
    const repository = new GitRepository(new Map([...seed].map(([key, content]) => [`some/${key}`, content])));
    const server = await GitServer.start(repository, 'secret');
    const [faults, silence] = [await FaultServer.start(), await FaultServer.startSilent()];
    const options = { url: where === 'local' ? repository.path : server.url, path: 'some', token: 'secret' };
    return {
      storage: new GitStorage(options, tools),
      ...(where === 'remote' && {
        forbidden: new GitStorage({ ...options, token: 'wrong' }, tools),
        failing: new GitStorage({ ...options, url: faults.url }, tools),
        slow: new GitStorage({ ...options, url: silence.url, timeout: 500 }, tools),
      }),
      misconfigured: new GitStorage({ ...options, ref: 'missing' }, tools),
      async remove() {
        await server.stop();
        await faults.stop();
        await silence.stop();
        place.remove();
      },
    };
  });
}
