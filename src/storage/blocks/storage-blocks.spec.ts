import { describe, expect, it } from '@jest/globals';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { BlockExplorer } from '../../blocks/block-explorer.js';
import { BlockRegistry } from '../../blocks/block-registry.js';
import { AwsCredentialsBlock } from '../../blocks/types/aws-credentials.block.js';
import { SecretBlock } from '../../blocks/types/secret.block.js';
import { Settings } from '../../config/settings.js';
import { StorageAddressPolicy } from '../storage-address-policy.js';
import { GitBlock } from './git.block.js';
import { HttpBlock } from './http.block.js';
import { LocalFileSystemBlock } from './local-file-system.block.js';
import { MemoryBlock } from './memory.block.js';
import { RemoteFileSystemBlock } from './remote-file-system.block.js';
import { S3Block } from './s3.block.js';
import { StorageBlock } from './storage-block.js';

const TYPES = [LocalFileSystemBlock, S3Block, RemoteFileSystemBlock, GitBlock, HttpBlock, MemoryBlock];

async function registry(): Promise<BlockRegistry> {
  const module = await Test.createTestingModule({
    imports: [DiscoveryModule],
    providers: [BlockExplorer, BlockRegistry, SecretBlock, AwsCredentialsBlock, ...TYPES],
  }).compile();
  await module.init();
  return module.get(BlockRegistry);
}

const tools = {
  addresses: new StorageAddressPolicy(Settings.parse({})),
  dataDirectory: '/var/lib/data',
  cacheDirectory: '/var/lib/data/storage-cache',
};

async function open(type: string, values: Record<string, unknown>) {
  const found = (await registry()).get(type);
  expect(await found.validate(values)).toEqual([]);
  const block = found.make(values) as unknown as StorageBlock;
  expect(block).toBeInstanceOf(StorageBlock);
  return block.open(tools);
}

describe('blocks that stand for storages', () => {
  it('keep clients from reading and writing their objects unless they say otherwise', async () => {
    for (const type of ['local-file-system', 's3', 'remote-file-system', 'git', 'http', 'memory']) {
      const { allowInputs, allowOutputs } = (await registry()).get(type).schema.properties!;
      for (const field of [allowInputs, allowOutputs]) expect(field).toMatchObject({ type: 'boolean', default: false });
    }
  });

  it('say which of their values decide where their secrets are sent', async () => {
    const types = await registry();
    const destinations = ['s3', 'remote-file-system', 'git', 'http'].map((type) =>
      [...types.get(type).fields.values()].filter(({ isDestination }) => isDestination).map(({ name }) => name),
    );
    expect(destinations).toEqual([['endpoint'], ['basepath'], ['url'], ['baseUrl']]);
  });

  it.each([
    ['local-file-system', { basepath: 'results' }],
    ['local-file-system', { basepath: '/srv/results' }],
    ['s3', { bucket: 'b', endpoint: 'https://s3.example.org', accessKeyId: 'a', secretAccessKey: 's' }],
    ['remote-file-system', { basepath: 's3://bucket/prefix', settings: { key: 'a', secret: 's' } }],
    ['git', { url: 'https://git.example.org/x.git', ref: 'main', token: 't' }],
    ['http', { baseUrl: 'https://files.example.org/a/', headers: { authorization: 'Bearer x' } }],
    ['memory', {}],
  ])('open %s with %j', async (type, values) => {
    await (await open(type, values)).close();
  });

  it.each([
    '.',
    '..',
    '/',
    '/var/lib/data',
    '/var/lib',
    'postgres',
    'postgres/x',
    'jobs',
    'secret.key',
    'a/../..',
    '/proc/self/root/srv',
  ])('do not open the directory %j, which the service or the machine keeps for itself', async (basepath) => {
    const block = (await registry()).get('local-file-system').make({ basepath }) as unknown as StorageBlock;
    expect(() => block.open(tools)).toThrow('holds what the service or the machine keeps');
  });

  it.each([
    ['s3', { bucket: 'b', prefix: '/a/b/' }, 's3://b/a/b/c d.tif', 'c d.tif'],
    ['s3', { bucket: 'b' }, 's3://b/c', 'c'],
    ['s3', { bucket: 'b', prefix: 'a' }, 's3://b/ab/c', undefined],
    ['s3', { bucket: 'b' }, 's3://bb/c', undefined],
    ['s3', { bucket: 'b', prefix: 'a' }, 'S3://B/a/C', 'C'],
    ['s3', { bucket: 'b', prefix: 'a' }, 's3://b/A/c', undefined],
    ['s3', { bucket: 'b' }, 's3://b', undefined],
    ['remote-file-system', { basepath: 's3://b/a%20b' }, 's3://b/a b/c', 'c'],
    ['remote-file-system', { basepath: 's3a://b/' }, 's3://b/c/d', 'c/d'],
    ['remote-file-system', { basepath: 's3://b/a' }, 's3://b/ab', undefined],
    ['remote-file-system', { basepath: 's3://b/%ff' }, 's3://b/x', undefined],
    ['remote-file-system', { basepath: 'https://b/a' }, 's3://b/a/c', undefined],
    ['local-file-system', { basepath: '/srv' }, 's3://srv/c', undefined],
  ])('of type %s with %j know of %s the key %s', async (type, values, url, key) => {
    const block = (await registry()).get(type).make(values) as unknown as StorageBlock;
    expect(block.keyOf(url)).toBe(key);
  });

  it.each([
    [undefined, 'https://s3.example.org/maps/a/key'],
    [true, 'https://s3.example.org/maps/a/key'],
    [false, 'https://maps.s3.example.org/a/key'],
  ])('name the bucket in the path or in the host of its URLs, with forcePathStyle %s', async (forcePathStyle, url) => {
    const keys = { accessKeyId: 'a', secretAccessKey: 's' };
    const values = { bucket: 'maps', prefix: 'a', endpoint: 'https://s3.example.org', forcePathStyle, ...keys };
    const storage = await open('s3', values);
    const presigned = new URL((await storage.presign('key', { lifetime: 60_000 }))!);
    expect(presigned.origin + presigned.pathname).toBe(url);
    await storage.close();
  });

  it('do not open a bucket with half a pair of keys', async () => {
    const block = (await registry()).get('s3').make({ bucket: 'b', accessKeyId: 'a' }) as unknown as StorageBlock;
    await expect(block.open(tools)).rejects.toThrow('or neither');
  });

  it.each([
    ['s3', { bucket: 'b', accessKeyId: 'a' }, 'secretAccessKey'],
    ['s3', { bucket: 'b', secretAccessKey: 's' }, 'accessKeyId'],
    ['s3', { bucket: 'no bucket' }, 'bucket'],
    ['s3', { bucket: 'b', prefix: 'a/../b' }, 'prefix'],
    ['local-file-system', { basepath: 'jobs/x' }, 'basepath'],
    ['local-file-system', { basepath: '/' }, 'basepath'],
    ['local-file-system', { basepath: 'a/../../b' }, 'basepath'],
    ['local-file-system', { basepath: '/proc/self/root/srv' }, 'basepath'],
    ['remote-file-system', { basepath: 's3://b/a', settings: { kee: 'a' } }, 'settings'],
  ])('of type %s are refused with %j, which can never work', async (type, values, property) => {
    const found = await (await registry()).get(type).validate(values);
    expect(found.map(({ pointer }) => pointer)).toEqual([`/values/${property}`]);
    expect(JSON.stringify(found)).not.toMatch(/got|"s"/);
  });

  it('are not refused for a key that another block will give them', async () => {
    const values = { bucket: 'b', accessKeyId: 'a', secretAccessKey: { $block: 'secret/key' } };
    expect(await (await registry()).get('s3').validate(values)).toEqual([]);
  });

  it('of type remote-file-system say which settings there are', async () => {
    const type = (await registry()).get('remote-file-system');
    const [{ detail }] = await type.validate({ basepath: 's3://b/a', settings: { kee: 'a' } });
    expect(detail).toMatch(/"kee"; they are key, secret, token, endpoint/);
  });

  it.each([
    ['s3', { bucket: 'b', endpoint: 'https://user:password@s3.example.org' }],
    ['remote-file-system', { basepath: 'file:///etc' }],
    ['http', { baseUrl: 'ftp://files.example.org' }],
    ['git', { url: 'ext::sh -c id' }],
  ])('refuse %s with %j', async (type, values) => {
    const found = await (await registry()).get(type).validate(values);
    expect(found).toHaveLength(1);
    expect(JSON.stringify(found)).not.toContain('password');
  });
});
