import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { dirname, join } from 'node:path';
import type { Client, JobStatus } from '../harness/client.js';
import { configuration, ping } from '../harness/ek60-generator.js';
import { OwnService } from '../harness/own-service.js';
import { expectProblem, OGC_PROBLEM, OWN_PROBLEM, pointersOf } from '../harness/problem.js';
import { StorageSite } from '../harness/storage-site.js';

jest.setTimeout(60_000);

const RECORDING = Buffer.concat([configuration(), ping({ power: [-256, -512] })]);

describe('The outputPath of convert-raw-sonar', () => {
  const own = new OwnService('e2e-output-path');
  const blocks = own.path('blocks.yaml');
  const directory = own.path('survey');
  mkdirSync(directory, { recursive: true });
  mkdirSync(dirname(blocks), { recursive: true });
  let site: StorageSite;
  let service: OwnService;
  let client: Client;

  beforeAll(async () => {
    site = await StorageSite.open(blocks, {
      's3/surveys': { prefix: 'surveys', allowInputs: true, allowOutputs: true },
      's3/closed': { prefix: 'closed', allowInputs: true },
      's3/away': { endpoint: 'http://127.0.0.1:1', allowOutputs: true },
      's3/bucketless': { bucket: 'never-made', allowOutputs: true },
      'local-file-system/survey': { basepath: directory, allowInputs: true, allowOutputs: true },
      'http/readable': { baseUrl: 'http://127.0.0.1:9/', allowOutputs: true },
    });
    writeFileSync(join(directory, 'cruise.raw'), RECORDING);
    service = new OwnService('e2e-output-path-service', {
      ...site.settings,
      EXECUTOR_WARM: '0',
      STORAGE_PATIENCE: '1s',
    });
    client = await service.start();
  });
  afterAll(async () => {
    await service.stop();
    await own.stop();
    await site.close();
  });

  const rawFile = { href: 'block:local-file-system/survey/cruise.raw' };

  const convert = async (inputs: Record<string, unknown>) => {
    const body = { inputs: { rawFile, ...inputs }, response: 'document' };
    const accepted = await client.execute('convert-raw-sonar', body, { prefer: 'respond-async' });
    const { jobID } = (await accepted.json()) as JobStatus;
    expect(await client.ended(jobID)).toMatchObject({ status: 'successful' });
    const { lines } = await client.getJson<{ lines: { level: string; message: string }[] }>(`/jobs/${jobID}/logs`);
    return {
      outputs: await client.getJson<Record<string, unknown>>(`/jobs/${jobID}/results`),
      warnings: lines.filter(({ level }) => level === 'warn').map(({ message }) => message),
    };
  };
  const stored = async (key: string) => buffer(await site.bucket.get(key));

  it.each([
    ['block:s3/surveys/2012/', 'netcdf', 'block:s3/surveys/2012/cruise.nc', 'surveys/2012/cruise.nc'],
    ['block:s3/surveys/2012/', 'zarr', 'block:s3/surveys/2012/cruise.zarr.zip', 'surveys/2012/cruise.zarr.zip'],
    ['block:s3/surveys/', 'netcdf', 'block:s3/surveys/cruise.nc', 'surveys/cruise.nc'],
    ['block:s3/surveys/x/first.nc', 'netcdf', 'block:s3/surveys/x/first.nc', 'surveys/x/first.nc'],
    ['mine/', 'netcdf', 'mine/cruise.nc', 'processes/convert-raw-sonar/mine/cruise.nc'],
  ])('%s has the %s written to %s', async (outputPath, outputType, location, key) => {
    const { outputs, warnings } = await convert({ outputPath, outputType });
    expect(outputs).toEqual({ location, summary: expect.anything() });
    expect(warnings).toEqual([]);
    const bytes = await stored(key);
    expect(bytes.subarray(0, 4).toString('latin1')).toBe(outputType === 'netcdf' ? '\x89HDF' : 'PK\x03\x04');
    expect(await site.bucket.stat(key)).toMatchObject({
      mediaType: outputType === 'netcdf' ? 'application/x-netcdf' : 'application/zip',
    });
  });

  it('writes to a directory as well, from where the file can be an input again', async () => {
    const { outputs } = await convert({ outputPath: 'block:local-file-system/survey/converted/' });
    expect(outputs.location).toBe('block:local-file-system/survey/converted/cruise.nc');
    expect(readdirSync(join(directory, 'converted'))).toEqual(['cruise.nc']);
    const file = { href: 'block:local-file-system/survey/converted/cruise.nc' };
    const digest = await client.execute('stored-input', { inputs: { file } });
    expect(await digest.json()).toMatch(/^[0-9a-f]{64}$/);
  });

  it('leaves what is there alone and says where it is, unless overwrite is set', async () => {
    await site.bucket.put('surveys/kept/cruise.nc', Buffer.from('earlier'));
    const outputPath = 'block:s3/surveys/kept/';
    const { outputs, warnings } = await convert({ outputPath });
    expect(outputs).toMatchObject({
      location: 'block:s3/surveys/kept/cruise.nc',
      summary: { value: { fileName: 'cruise.nc', pings: 1 } },
    });
    expect(warnings).toEqual(['block:s3/surveys/kept/cruise.nc exists already and is not overwritten.']);
    expect((await stored('surveys/kept/cruise.nc')).toString()).toBe('earlier');

    expect((await convert({ outputPath, overwrite: true })).warnings).toEqual([]);
    expect((await stored('surveys/kept/cruise.nc')).subarray(1, 4).toString()).toBe('HDF');
  });

  it.each([
    ['is not there', 'block:s3/nowhere/a.nc'],
    ['allows no outputs', 'block:s3/closed/a.nc'],
    ['is DATA_DIR', 'block:local-file-system/default/jobs/a.nc'],
  ])('of a storage that %s is refused with one and the same sentence', async (_, outputPath) => {
    const response = await client.execute('convert-raw-sonar', { inputs: { rawFile, outputPath } });
    const problem = await expectProblem(response, 400, `${OGC_PROBLEM}/InvalidParameterValue`);
    expect(pointersOf(problem)).toEqual(['/inputs/outputPath']);
    expect(JSON.stringify(problem)).toContain('is no storage to which outputs may be written');
  });

  it('of a storage that is away is waited for, and the job says so and fails as storage-unavailable', async () => {
    const body = { inputs: { rawFile, outputPath: 'block:s3/away/a.nc' } };
    const accepted = await client.execute('convert-raw-sonar', body, { prefer: 'respond-async' });
    const { jobID } = (await accepted.json()) as JobStatus;
    expect(await client.ended(jobID)).toMatchObject({ status: 'failed' });
    await expectProblem(await client.get(`/jobs/${jobID}/results`), 503, `${OWN_PROBLEM}/storage-unavailable`);
    const { lines } = await client.getJson<{ lines: { message: string }[] }>(`/jobs/${jobID}/logs`);
    const waits = 'Waits for the storage s3/away: a.nc cannot be reached at the moment.';
    expect(lines.map(({ message }) => message)).toContain(waits);
  });

  it.each([
    ['block:s3/surveys/../a.nc'],
    ['block:local-file-system/survey/../../a.nc'],
    ['block:local-file-system/survey//etc/a.nc'],
    ['../other-process/a.nc'],
    ['/etc/a.nc'],
    ['block:http/readable/a.nc'],
    ['block:s3/bucketless/a.nc'],
  ])('%s is refused, and nothing is written', async (outputPath) => {
    const inputs = { rawFile, outputPath, overwrite: true };
    const response = await client.execute('convert-raw-sonar', { inputs });
    const problem = await expectProblem(response, 400, `${OGC_PROBLEM}/InvalidParameterValue`);
    expect(pointersOf(problem)).toEqual(['/inputs/outputPath']);
    const text = JSON.stringify(problem);
    for (const secret of ['S3RVER', '127.0.0.1', directory, service.data]) expect(text).not.toContain(secret);
    expect((await site.keys('')).filter((key) => key.endsWith('a.nc'))).toEqual([]);
    expect([own.path('a.nc'), join(directory, 'a.nc')].filter(existsSync)).toEqual([]);
    expect(readFileSync(join(directory, 'cruise.raw')).equals(RECORDING)).toBe(true);
  });
});
