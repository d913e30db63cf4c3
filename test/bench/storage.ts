import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Settings } from '../../src/config/settings.js';
import { LocalFileSystemStorage } from '../../src/storage/local/local-file-system-storage.js';
import { S3Storage } from '../../src/storage/s3/s3-storage.js';
import type { Storage } from '../../src/storage/storage.js';
import { StorageAddressPolicy } from '../../src/storage/storage-address-policy.js';
import { S3rver } from '../harness/s3rver.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';
import { type Measurement, median } from './measurement.js';

const SIZE = 64 * 1024 ** 2;
const CHUNK = randomBytes(256 * 1024);
const ROUNDS = 5;

/** How the same is done without us. */
interface Bare {
  readonly name: string;
  put(): Promise<void>;
  get(): Promise<Readable>;
}

/** Throughput of storages, beside the library that each is made of. */
export async function measureStorage(): Promise<Measurement[]> {
  const place = temporaryDirectory('bench-storage');
  const server = await S3rver.start('bench');
  try {
    const addresses = new StorageAddressPolicy(Settings.parse({ ALLOW_PRIVATE_STORAGE: 'true' }));
    const s3 = new S3Storage(
      { bucket: 'bench', endpoint: server.endpoint, credentials: server.credentials },
      addresses,
    );
    return [
      ...(await compare(
        'local file system',
        new LocalFileSystemStorage(join(place.path, 'base')),
        bareFiles(place.path),
      )),
      ...(await compare('S3 (s3rver)', s3, bareS3(server))),
    ];
  } finally {
    await server.stop();
    place.remove();
  }
}

async function compare(name: string, storage: Storage, bare: Bare): Promise<Measurement[]> {
  const rates = { put: [[], []] as [number[], number[]], get: [[], []] as [number[], number[]] };
  // In turns, so that a change of the machine's mood meets both.
  for (let round = 0; round < ROUNDS; round += 1) {
    rates.put[0].push(await rate(() => storage.put('object', content(), { size: SIZE })));
    rates.put[1].push(await rate(() => bare.put()));
    rates.get[0].push(await rate(async () => await drain(await storage.get('object'))));
    rates.get[1].push(await rate(async () => await drain(await bare.get())));
  }
  await storage.close();
  return (['put', 'get'] as const).map((what) => ({
    name: `storage, ${name}: ${what} of 64 MiB`,
    unit: 'MiB/s',
    value: median(rates[what][0]),
    baseline: { name: bare.name, value: median(rates[what][1]) },
  }));
}

function bareFiles(directory: string): Bare {
  const path = join(directory, 'bare');
  return {
    name: 'fs streams, fsync',
    async put() {
      await pipeline(content(), createWriteStream(path));
      const file = await open(path);
      await file.sync();
      await file.close();
    },
    get: () => Promise.resolve(createReadStream(path)),
  };
}

function bareS3({ endpoint, credentials }: S3rver): Bare {
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  const at = { Bucket: 'bench', Key: 'bare' };
  return {
    name: '@aws-sdk/client-s3, one request',
    async put() {
      const body = Buffer.concat(Array.from({ length: SIZE / CHUNK.length }, () => CHUNK));
      await client.send(new PutObjectCommand({ ...at, Body: body }));
    },
    get: async () => (await client.send(new GetObjectCommand(at))).Body as Readable,
  };
}

function content(): Readable {
  const chunks = function* () {
    for (let sent = 0; sent < SIZE; sent += CHUNK.length) yield CHUNK;
  };
  return Readable.from(chunks());
}

async function drain(stream: Readable): Promise<void> {
  await pipeline(stream, new Writable({ write: (_chunk, _encoding, done) => done() }));
}

/** MiB per second */
async function rate(act: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await act();
  return SIZE / 1024 ** 2 / ((performance.now() - begin) / 1_000);
}
