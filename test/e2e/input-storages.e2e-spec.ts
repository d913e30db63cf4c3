import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Client, JobStatus } from '../harness/client.js';
import { configuration, ping } from '../harness/ek60-generator.js';
import { OwnService } from '../harness/own-service.js';
import { expectProblem, OGC_PROBLEM, OWN_PROBLEM, pointersOf } from '../harness/problem.js';
import { StorageSite } from '../harness/storage-site.js';

jest.setTimeout(60_000);

const RECORDING = Buffer.concat([configuration([{ frequency: 38_000 }]), ping({ channel: 1, power: [-256, -512] })]);
const UNREADABLE = 'refers to no storage from which inputs may be read';

describe('Inputs by reference into storages', () => {
  const own = new OwnService('e2e-input-storages');
  const blocks = own.path('blocks.yaml');
  const directory = own.path('survey');
  mkdirSync(join(directory, 'a'), { recursive: true });
  mkdirSync(dirname(blocks), { recursive: true });
  let site: StorageSite;
  let service: OwnService;
  let client: Client;

  beforeAll(async () => {
    site = await StorageSite.open(blocks, {
      's3/inputs': { prefix: 'inputs', allowInputs: true },
      's3/closed': { prefix: 'closed' },
      'remote-file-system/survey': { basepath: 's3://results/remote', allowInputs: true },
      'local-file-system/survey': { basepath: directory, allowInputs: true },
      'local-file-system/closed': { basepath: directory },
      'secret/token': { value: 'a-secret' },
    });
    for (const [name, content, mediaType] of [
      ['cruise.raw', RECORDING, 'application/octet-stream'],
      ['list.json', Buffer.from('[1, 2, 3]'), 'application/json'],
      ['broken.json', Buffer.from('[1, 2'), 'application/json'],
      ['large.raw', Buffer.alloc(3 * 1024 * 1024), 'application/octet-stream'],
    ] as const) {
      for (const place of ['inputs', 'remote', 'closed'])
        await site.bucket.put(`${place}/a/${name}`, content, { mediaType });
      writeFileSync(join(directory, 'a', name), content);
    }
    await site.bucket.put('outside.json', Buffer.from('[4]'), { mediaType: 'application/json' });
    writeFileSync(own.path('outside.json'), '[4]');
    const { BLOCKS_FILE, ALLOW_PRIVATE_STORAGE } = site.settings;
    const settings = { BLOCKS_FILE, ALLOW_PRIVATE_STORAGE, MAX_REFERENCE: '2MiB', EXECUTOR_WARM: '0' };
    service = new OwnService('e2e-input-storages-service', settings);
    client = await service.start();
  });
  afterAll(async () => {
    await service.stop();
    await own.stop();
    await site.close();
  });

  const PLACES = [
    's3://results/inputs',
    's3://results/remote',
    'block:s3/inputs',
    'block:remote-file-system/survey',
    'block:local-file-system/survey',
  ];

  it.each(PLACES)('%s give a recording to convert-raw-sonar, with its name', async (place) => {
    const inputs = { rawFile: { href: `${place}/a/cruise.raw` } };
    const body = { inputs, outputs: { summary: {} }, response: 'document' };
    const sync = (await (await client.execute('convert-raw-sonar', body)).json()) as { summary: { value: unknown } };
    expect(sync.summary.value).toMatchObject({ fileName: 'cruise.nc', pings: 1, channels: [{ frequency: 38_000 }] });
    const accepted = await client.execute('convert-raw-sonar', body, { prefer: 'respond-async' });
    const { jobID } = (await accepted.json()) as JobStatus;
    expect((await client.ended(jobID)).status).toBe('successful');
    expect(await client.getJson(`/jobs/${jobID}/results`)).toEqual(sync);
  });

  it.each(PLACES)('%s give JSON, which is validated like a value', async (place) => {
    const inputs = { stringInput: 'a', arrayInput: { href: `${place}/a/list.json`, type: 'application/json' } };
    const response = await client.execute('echo', { inputs, response: 'document' });
    expect(await response.json()).toMatchObject({ arrayInput: [1, 2, 3] });
    const broken = { stringInput: 'a', arrayInput: { href: `${place}/a/broken.json`, type: 'application/json' } };
    const refused = await client.execute('echo', { inputs: broken });
    const problem = await expectProblem(refused, 400, `${OGC_PROBLEM}/InvalidParameterValue`);
    expect(pointersOf(problem)).toEqual(['/inputs/arrayInput']);
  });

  /** What an execution with this reference is answered, checked for what it must not tell. */
  const refusalOf = async (href: string) => {
    const response = await client.execute('convert-raw-sonar', { inputs: { rawFile: { href } } });
    const problem = await expectProblem(response, 400, `${OWN_PROBLEM}/reference-unavailable`);
    expect(pointersOf(problem)).toEqual(['/inputs/rawFile']);
    const text = JSON.stringify(problem);
    for (const secret of ['S3RVER', 'a-secret', '127.0.0.1', directory]) expect(text).not.toContain(secret);
    return text;
  };

  it.each([
    ['to a block that does not exist', 'block:s3/nowhere/a/cruise.raw'],
    ['to a block that allows no inputs', 'block:s3/closed/a/cruise.raw'],
    ['to a directory that allows no inputs', 'block:local-file-system/closed/a/cruise.raw'],
    ['to a block that is no storage', 'block:secret/token/value'],
    ['to DATA_DIR', 'block:local-file-system/default/secret.key'],
    ['to no block', 'block:s3'],
    ['to a block without a key', 'block:s3/inputs/'],
    ['to a bucket that no block covers', 's3://others/a/cruise.raw'],
    ['beside the prefix of the block that covers the bucket', 's3://results/closed/a/cruise.raw'],
    ['to a prefix that only begins alike', 's3://results/inputs-of-others/cruise.raw'],
  ])('%s are refused with one and the same sentence', async (_, href) => {
    expect(await refusalOf(href)).toContain(UNREADABLE);
  });

  it.each(PLACES)('%s: what is not there, and what is too large, are problems with a pointer', async (place) => {
    expect(await refusalOf(`${place}/a/nothing.raw`)).toContain('refers to something that is not there');
    expect(await refusalOf(`${place}/a/large.raw`)).toContain('is larger than');
  });

  it.each(
    PLACES.flatMap((place) =>
      ['../outside.json', 'a/../../outside.json', '/etc/passwd', 'a//list.json', 'a\\..'].map(
        (key) => `${place}/${key}`,
      ),
    ),
  )('%s does not lead out of its storage', async (href) => {
    expect(await refusalOf(href)).toContain('has a key that no storage has');
  });

  it.each(PLACES)('%s: an encoded traversal is a key like any other', async (place) => {
    expect(await refusalOf(`${place}/%2e%2e/outside.json`)).toContain('refers to something that is not there');
  });
});
