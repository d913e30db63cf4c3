import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Settings } from '../../src/config/settings.js';
import { GitStorage } from '../../src/storage/git/git-storage.js';
import { StorageAddressPolicy } from '../../src/storage/storage-address-policy.js';
import { GitRepository, GitServer } from '../harness/git-server.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(60_000);

const addresses = new StorageAddressPolicy(Settings.parse({ ALLOW_PRIVATE_STORAGE: 'true' }));
const content = (version: string) => new Map([['config/settings.yaml', Buffer.from(version)]]);

describe.each(['local', 'remote'])('the state of a repository, %s', (where) => {
  const place = temporaryDirectory('git-refs');
  let repository: GitRepository;
  let server: GitServer;
  let first: string;

  beforeAll(async () => {
    repository = new GitRepository(content('one'));
    first = repository.git('rev-parse', 'HEAD').trim();
    repository.git('tag', 'light');
    repository.git('tag', '--annotate', '--message', 'a release', 'v1.0.0');
    server = await GitServer.start(repository);
  });
  afterAll(async () => {
    await server.stop();
    place.remove();
  });

  const opened = (ref?: string, refresh = 0) => {
    const url = where === 'local' ? repository.path : server.url;
    return new GitStorage({ url, ref, refresh }, { addresses, cacheDirectory: place.path });
  };
  const read = async (storage: GitStorage) => text(await storage.get('config/settings.yaml'));
  const readAt = async (ref?: string) => {
    const storage = opened(ref);
    try {
      return await read(storage);
    } finally {
      await storage.close();
    }
  };

  it('follows a branch and HEAD as they move, and stays with tags and commits', async () => {
    const [head, branch] = [opened(), opened('main')];
    expect([await read(head), await read(branch)]).toEqual(['one', 'one']);
    const before = (await branch.stat('config/settings.yaml')).etag;
    const second = repository.commit(content('two'));
    expect([await read(head), await read(branch)]).toEqual(['two', 'two']);
    expect((await branch.stat('config/settings.yaml')).etag).not.toBe(before);
    expect(await Promise.all(['light', 'v1.0.0', 'refs/tags/v1.0.0', first, second].map(readAt))).toEqual([
      'one',
      'one',
      'one',
      'one',
      'two',
    ]);
    await head.close();
    await branch.close();
  });

  it('is looked up again only after `refresh` has passed', async () => {
    const storage = opened('main', 3_600_000);
    const before = await read(storage);
    repository.commit(content(`${before}, and more`));
    expect(await read(storage)).toBe(before);
    expect(await readAt('main')).toBe(`${before}, and more`);
    await storage.close();
  });

  it.each(['missing', 'v9.9.9', '0'.repeat(40)])('that %s names cannot be used', async (ref) => {
    const storage = opened(ref);
    await expect(storage.test()).rejects.toMatchObject({ name: 'StorageError', isPassing: false });
    await storage.close();
  });
});
