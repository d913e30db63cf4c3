import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import { IsInt, IsOptional, IsString, Max } from 'class-validator';
import { BlockAssembly } from '../../src/blocks/block-assembly.js';
import { BlockChanges } from '../../src/blocks/block-changes.js';
import { BlockContents } from '../../src/blocks/block-content.js';
import { BlockExplorer } from '../../src/blocks/block-explorer.js';
import { parseBlockRef } from '../../src/blocks/block-ref.js';
import { BlockRegistry } from '../../src/blocks/block-registry.js';
import { BlockSecrets } from '../../src/blocks/block-secrets.js';
import { BlockTests } from '../../src/blocks/block-tests.js';
import { BlockUsage } from '../../src/blocks/block-usage.js';
import { Blocks } from '../../src/blocks/blocks.js';
import { Block } from '../../src/blocks/decorators/block.decorator.js';
import { Field } from '../../src/blocks/decorators/field.decorator.js';
import { Secret } from '../../src/blocks/decorators/secret.decorator.js';
import { SecretKeys } from '../../src/blocks/secrets/secret-keys.js';
import { SecretRotation } from '../../src/blocks/secrets/secret-rotation.js';
import { BlockRows } from '../../src/blocks/store/block-rows.js';
import { AwsCredentialsBlock } from '../../src/blocks/types/aws-credentials.block.js';
import { JsonBlock } from '../../src/blocks/types/json.block.js';
import { SecretBlock } from '../../src/blocks/types/secret.block.js';
import { Settings } from '../../src/config/settings.js';
import { Database } from '../../src/database/database.js';
import { DatabaseServer } from '../../src/database/database-server.js';
import { Notifications } from '../../src/database/notifications.js';
import type { JsonObject } from '../../src/ogc/json-object.js';
import { BlockStorages } from '../../src/storage/block-storages.js';
import { RemoteFileSystemBlock } from '../../src/storage/blocks/remote-file-system.block.js';
import { S3Block } from '../../src/storage/blocks/s3.block.js';
import { StorageAddressPolicy } from '../../src/storage/storage-address-policy.js';
import { eventually } from '../harness/backends.js';
import { type TestDatabase, TestDatabases } from '../harness/database.js';

jest.setTimeout(60_000);

const keyOf = (fill: number) => Buffer.alloc(32, fill).toString('base64');
const SECRET = 'hunter2-is-what-nobody-may-see';

@Block({ type: 'gauge', reservedNames: ['default'] })
class Gauge {
  @Field()
  @IsInt()
  @Max(10)
  rate = 5;

  @Field()
  @Secret()
  @IsOptional()
  @IsString()
  token?: string;

  @Field({ block: 'aws-credentials' })
  @IsOptional()
  credentials?: AwsCredentialsBlock;

  @Field({ destination: true })
  @IsOptional()
  @IsString()
  url?: string;

  test(): void {
    if (this.rate === 1) throw new Error(`The gauge does not answer to ${this.token}.`);
  }
}

class UsedByTests extends BlockUsage {
  use: string | undefined;

  useOf(): Promise<string | undefined> {
    return Promise.resolve(this.use);
  }
}

let databases: TestDatabases;
let store: TestDatabase;
const nodes: TestingModule[] = [];

/** One node, with its own cache and its own keys, on the database of this spec. */
async function node(keys = `a:${keyOf(1)}`): Promise<TestingModule> {
  const settings = Settings.parse({ DATABASE_URL: store.settings.DATABASE_URL, SECRET_KEYS: keys, MAX_BLOCKS: '50' });
  const module = await Test.createTestingModule({
    imports: [DiscoveryModule],
    providers: [
      ...[BlockExplorer, BlockRegistry, BlockRows, BlockAssembly, BlockContents, BlockSecrets, SecretKeys, Blocks],
      ...[BlockChanges, BlockTests, SecretRotation, UsedByTests, Notifications],
      ...[SecretBlock, JsonBlock, AwsCredentialsBlock, Gauge, S3Block, RemoteFileSystemBlock],
      { provide: Settings, useValue: settings },
      { provide: Database, useValue: store.database },
      { provide: DatabaseServer, useValue: store.server },
    ],
  }).compile();
  await module.init();
  nodes.push(module);
  return module;
}

const at = (ref: string) => parseBlockRef(ref)!;
const create = (on: TestingModule, ref: string, values: JsonObject) => on.get(BlockChanges).create(at(ref), values);
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { code?: string }) => error.code,
  );

beforeAll(async () => {
  databases = await TestDatabases.start();
  store = await databases.open();
});
beforeEach(() => store.query('TRUNCATE block'));
afterAll(async () => {
  for (const one of nodes) {
    await one.get(Notifications).close();
    await one.close();
  }
  await databases.close();
});

describe(Blocks.name, () => {
  it('hands out instances of the class, secrets in the clear, other blocks in their places', async () => {
    const one = await node();
    await create(one, 'secret/token', { value: SECRET });
    await create(one, 'aws-credentials/prod', { accessKeyId: 'AKIA', secretAccessKey: { $block: 'secret/token' } });
    await create(one, 'gauge/north', { token: 'its own', credentials: { $block: 'aws-credentials/prod' } });
    const { instance, plain, secrets } = await one.get(Blocks).get<Gauge>('gauge/north');
    expect(instance).toBeInstanceOf(Gauge);
    expect(instance.credentials).toBeInstanceOf(AwsCredentialsBlock);
    expect(instance).toMatchObject({ rate: 5, token: 'its own', credentials: { secretAccessKey: SECRET } });
    expect(plain).toEqual({ token: 'its own', credentials: { accessKeyId: 'AKIA', secretAccessKey: SECRET } });
    expect([...secrets].sort()).toEqual([SECRET, 'its own']);
  });

  it('hands out the same instance until the block, or one that it needs, is changed on any node', async () => {
    const [one, other] = [await node(), await node()];
    await create(one, 'aws-credentials/prod', { accessKeyId: 'AKIA', secretAccessKey: SECRET });
    await create(one, 'gauge/north', { credentials: { $block: 'aws-credentials/prod' } });
    const first = await other.get(Blocks).get<Gauge>('gauge/north');
    expect(await other.get(Blocks).get('gauge/north')).toBe(first);
    await create(one, 'json/unrelated', { value: 1 });
    await eventually(async () => (await other.get(Blocks).get('json/unrelated')).ref, 'the other block is seen');
    expect(await other.get(Blocks).get('gauge/north')).toBe(first);

    await one.get(BlockChanges).merge(at('aws-credentials/prod'), { accessKeyId: 'AKIB' });
    const second = await eventually(async () => {
      const now = await other.get(Blocks).get<Gauge>('gauge/north');
      return now === first ? undefined : now;
    }, 'the change is seen');
    expect(second.revision).not.toBe(first.revision);
    expect(second.instance.credentials!.accessKeyId).toBe('AKIB');
  });

  it('knows a block that was removed and made again from the one before', async () => {
    const one = await node();
    await create(one, 'json/x', { value: 1 });
    const before = await one.get(Blocks).get('json/x');
    await one.get(BlockChanges).remove(at('json/x'));
    expect(await codeOf(one.get(Blocks).get('json/x'))).toBe('no-such-block');
    await create(one, 'json/x', { value: 2 });
    const after = await one.get(Blocks).get<JsonBlock>('json/x');
    expect(after.instance.value).toBe(2);
    expect(after.revision).not.toBe(before.revision);
  });

  it.each(['json/none', 'no-such/x', 'json', '../../etc', 'json/x/y', ''])('has no block %j', async (ref) => {
    expect(await codeOf((await node()).get(Blocks).get(ref))).toBe('no-such-block');
  });

  it('says which block cannot be used, and why', async () => {
    const one = await node();
    await create(one, 'secret/token', { value: SECRET });
    await create(one, 'aws-credentials/prod', { accessKeyId: 'A', secretAccessKey: { $block: 'secret/token' } });
    await create(one, 'gauge/north', { rate: 3, credentials: { $block: 'aws-credentials/prod' } });
    const messageOf = async (ref: string, keys?: string) =>
      (await node(keys))
        .get(Blocks)
        .get(ref)
        .then(
          () => 'usable',
          ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
        );
    expect(await messageOf('gauge/north', `b:${keyOf(2)}`)).toBe(
      'block-unusable: The block secret/token cannot be used: its secret value is encrypted with the key "a", ' +
        'which this node does not have (see SECRET_KEYS).',
    );
    expect(await messageOf('gauge/north', `a:${keyOf(2)}`)).toContain('does not fit the key "a" of this node');
    await store.query(`UPDATE block SET values = '{"rate": 30}' WHERE type = 'gauge'`);
    expect(await messageOf('gauge/north')).toBe(
      'block-unusable: The block gauge/north cannot be used: /values/rate: Expected a number of at most 10, got the number 30.',
    );
    await store.query(`DELETE FROM block WHERE type = 'secret'`);
    expect(await messageOf('aws-credentials/prod')).toBe(
      'block-unusable: The block aws-credentials/prod cannot be used: there is no block secret/token any more.',
    );
    await store.query(
      `INSERT INTO block (type, name, values, secrets, origin) VALUES ('gone', 'x', '{}', '{}', 'api')`,
    );
    expect(await messageOf('gone/x')).toContain('this node has no class for blocks of the type gone');
  });
});

describe(BlockChanges.name, () => {
  it('lets one of several win that create the same block at once', async () => {
    const [one, other] = [await node(), await node()];
    const codes = await Promise.all([one, other, one, other].map((on) => codeOf(create(on, 'json/x', { value: 1 }))));
    expect(codes.sort()).toEqual(['block-name-taken', 'block-name-taken', 'block-name-taken', 'done']);
  });

  it('lets one of two win whose references would make a ring together', async () => {
    const [one, other] = [await node(), await node()];
    await create(one, 'secret/a', { value: 'x' });
    await create(one, 'secret/b', { value: 'x' });
    const point = (on: TestingModule, from: string, to: string) =>
      codeOf(on.get(BlockChanges).replace(at(from), { value: { $block: to } }));
    const codes = await Promise.all([point(one, 'secret/a', 'secret/b'), point(other, 'secret/b', 'secret/a')]);
    expect(codes.sort()).toEqual(['done', 'invalid-parameter']);
  });

  it('loses no change of several that are made at once', async () => {
    const [one, other] = [await node(), await node()];
    await create(one, 'gauge/x', {});
    const changes = [{ rate: 1 }, { token: 'b' }, { rate: 2 }, { token: 'c' }];
    await Promise.all(
      changes.map((values, index) => (index % 2 ? one : other).get(BlockChanges).merge(at('gauge/x'), values)),
    );
    const { instance } = await one.get(Blocks).get<Gauge>('gauge/x');
    expect([1, 2]).toContain(instance.rate);
    expect(['b', 'c']).toContain(instance.token);
    expect((await one.get(BlockRows).find(at('gauge/x')))!.version).toBe(5);
  });

  it('removes nothing that a room says it uses', async () => {
    const one = await node();
    await create(one, 'json/x', { value: 1 });
    one.get(UsedByTests).use = '2 jobs that have not ended';
    await expect(one.get(BlockChanges).remove(at('json/x'))).rejects.toMatchObject({
      code: 'block-in-use',
      message: 'The block json/x cannot be removed: 2 jobs that have not ended need(s) it.',
    });
    one.get(UsedByTests).use = undefined;
    await one.get(BlockChanges).remove(at('json/x'));
  });

  it('keeps no secret for another address than the one it was given for', async () => {
    const changes = (await node()).get(BlockChanges);
    await changes.create(at('gauge/north'), { url: 'https://here/', token: SECRET });
    const errors = [
      { pointer: '/values/token', detail: 'The secret must be given again, because the address changes.' },
    ];
    const refused = { code: 'invalid-parameter', errors };
    await expect(changes.merge(at('gauge/north'), { url: 'https://elsewhere/' })).rejects.toMatchObject(refused);
    await expect(changes.merge(at('gauge/north'), { url: null })).rejects.toMatchObject(refused);
    await expect(
      changes.replace(at('gauge/north'), { url: 'https://elsewhere/', token: { $secret: true } }),
    ).rejects.toMatchObject(refused);
    await changes.merge(at('gauge/north'), { url: 'https://here/', rate: 2 });
    await changes.merge(at('gauge/north'), { url: 'https://elsewhere/', token: 'another' });
    await changes.merge(at('gauge/north'), { url: 'https://here/', token: null });
    expect((await changes.find(at('gauge/north'))).secrets).toEqual({});
  });

  it('leaves names alone that have a meaning of their own', async () => {
    const one = await node();
    expect(await codeOf(create(one, 'gauge/default', {}))).toBe('block-name-taken');
    const changes = one.get(BlockChanges);
    expect(await codeOf(changes.replace(at('gauge/default'), {}))).toBe('block-is-read-only');
    expect(await codeOf(changes.remove(at('gauge/default')))).toBe('block-is-read-only');
  });
});

describe(BlockTests.name, () => {
  it('calls the test of the class, and hides secrets in what it says', async () => {
    const one = await node();
    await create(one, 'gauge/works', { rate: 2 });
    await create(one, 'gauge/broken', { rate: 1, token: SECRET });
    expect(await one.get(BlockTests).test('gauge/works')).toEqual({ ok: true });
    expect(await one.get(BlockTests).test('gauge/broken')).toEqual({
      ...{ ok: false, detail: 'The gauge does not answer to [redacted].' },
    });
  });
});

describe(BlockStorages.name, () => {
  const storagesOf = (on: TestingModule) => {
    const settings = on.get(Settings);
    return new BlockStorages(on.get(Blocks), settings, new StorageAddressPolicy(settings));
  };

  it('finds the block that covers the longest part of a place, of those that allow inputs and can be used', async () => {
    const one = await node();
    await create(one, 's3/all', { bucket: 'b', allowInputs: true });
    await create(one, 's3/closed', { bucket: 'b', prefix: 'a/b/c' });
    await create(one, 's3/a', { bucket: 'b', prefix: 'a', allowInputs: true });
    await create(one, 'remote-file-system/ab', { basepath: 's3://b/a/b', allowInputs: true });
    await create(await node(`b:${keyOf(2)}`), 'remote-file-system/lost', {
      ...{ basepath: 's3://b/a/b/c', allowInputs: true, settings: { key: 'k', secret: SECRET } },
    });
    const storages = storagesOf(one);
    const places = ['s3://b/a/b/c/d', 'S3://B/a/b/x', 's3://b/a/bc', 's3://b/ab', 's3://c/a'];
    expect(await Promise.all(places.map((url) => storages.covering(url)))).toEqual([
      { ref: 'remote-file-system/ab', key: 'c/d' },
      { ref: 'remote-file-system/ab', key: 'x' },
      { ref: 's3/a', key: 'bc' },
      { ref: 's3/all', key: 'ab' },
      undefined,
    ]);
  });

  it.each([
    ['gauge/works', { rate: 2 }, 'STORAGE=gauge/works cannot be used yet: The block gauge/works is no storage'],
    [
      'remote-file-system/web',
      { basepath: 'https://files.example.org' },
      'STORAGE=remote-file-system/web can only be read: no file of a job',
    ],
    ['s3/none', undefined, 'STORAGE=s3/none cannot be used yet: There is no block'],
  ])('warns at the start of %s as the storage of all jobs, by its name', async (STORAGE, values, warning) => {
    const one = await node();
    if (values !== undefined) await create(one, STORAGE, values);
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    try {
      const settings = Settings.parse({ STORAGE });
      await new BlockStorages(one.get(Blocks), settings, new StorageAddressPolicy(settings)).onApplicationBootstrap();
      expect(warn.mock.calls).toEqual([[expect.stringContaining(warning)]]);
    } finally {
      warn.mockRestore();
    }
  });

  it('asks once for all blocks, however many places a request looks for, and sees a new one', async () => {
    const one = await node();
    await create(one, 's3/all', { bucket: 'b', allowInputs: true });
    const storages = storagesOf(one);
    const asked = jest.spyOn(BlockRows.prototype, 'ofTypes');
    try {
      await Promise.all(['a', 'b', 'c'].map((key) => storages.covering(`s3://b/${key}`)));
      expect(asked).toHaveBeenCalledTimes(1);
      await create(one, 's3/later', { bucket: 'b', prefix: 'later', allowInputs: true });
      const found = await eventually(async () => {
        const place = await storages.covering('s3://b/later/x');
        return place?.ref === 's3/all' ? undefined : place;
      }, 'the new block is seen');
      expect(found).toEqual({ ref: 's3/later', key: 'x' });
    } finally {
      asked.mockRestore();
    }
  });
});

describe(SecretRotation.name, () => {
  it('encrypts with the first key what is encrypted with another, and leaves the rest', async () => {
    const before = await node(`a:${keyOf(1)}`);
    await create(before, 'secret/x', { value: SECRET });
    await create(before, 'json/y', { value: 1 });
    const both = await node(`b:${keyOf(2)},a:${keyOf(1)}`);
    expect(await both.get(SecretRotation).rotate()).toEqual({ rotated: 1, current: 1, unreadable: [] });
    expect(await both.get(SecretRotation).rotate()).toEqual({ rotated: 0, current: 2, unreadable: [] });
    const after = await node(`b:${keyOf(2)}`);
    expect((await after.get(Blocks).get<SecretBlock>('secret/x')).instance.value).toBe(SECRET);
    const { unreadable } = await before.get(SecretRotation).rotate();
    expect(unreadable).toEqual([expect.stringContaining('The block secret/x cannot be used')]);
  });
});
