import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { unzipSync } from 'fflate';
import * as h5wasm from 'h5wasm/node';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as zarr from 'zarrita';
import { Client, type JobStatus } from '../harness/client.js';
import { expectProblem, OGC_PROBLEM, pointersOf } from '../harness/problem.js';
import { Service } from '../harness/service.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

const RECORDING = resolve('../shared/data/DY1201_EK60-D20120214-T231011.raw');
const hasRecording = existsSync(RECORDING) || process.env.CI !== undefined;

const SHAPE = [5, 136, 994];
const BEAM = '/Sonar/Beam_group1';

/** backscatter_r in dB, straight from the RAW0 datagrams: power * 10 * log10(2) / 256, NaN where a ping is shorter. */
function backscatterOf(recording: Buffer): Float64Array {
  const [channels, pings, samples] = SHAPE;
  const backscatter = new Float64Array(channels * pings * samples).fill(NaN);
  const rows = new Array<number>(channels).fill(0);
  for (let at = 0; at < recording.length; at += recording.readInt32LE(at) + 8) {
    if (recording.toString('latin1', at + 4, at + 8) !== 'RAW0') continue;
    const channel = recording.readInt16LE(at + 16) - 1;
    const start = (channel * pings + rows[channel]++) * samples;
    for (let sample = 0; sample < recording.readInt32LE(at + 84); sample += 1) {
      backscatter[start + sample] = (recording.readInt16LE(at + 88 + 2 * sample) * 10 * Math.log10(2)) / 256;
    }
  }
  return backscatter;
}

/** The greatest difference of two arrays; infinite where only one of them is NaN, or their lengths differ. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let greatest = actual.length === expected.length ? 0 : Infinity;
  for (let at = 0; at < expected.length; at += 1) {
    if (Number.isNaN(expected[at]) && Number.isNaN(actual[at])) continue;
    const gap = Math.abs(actual[at] - expected[at]);
    greatest = Number.isNaN(gap) ? Infinity : Math.max(greatest, gap);
  }
  return greatest;
}

function hasNcdump(): boolean {
  try {
    execFileSync('ncdump', ['-h'], { stdio: 'ignore' });
    return true;
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

(hasRecording ? describe : describe.skip)(
  `convert-raw-sonar over HTTP with a real recording${hasRecording ? '' : ' (skipped: ../shared/data is absent)'}`,
  () => {
    const directory = temporaryDirectory('e2e-sonar');
    let service: Service;
    let client: Client;
    let recording: Buffer;
    let rawFile: string;
    let expected: Float64Array;

    beforeAll(async () => {
      recording = readFileSync(RECORDING);
      rawFile = recording.toString('base64');
      expected = backscatterOf(recording);
      service = await Service.start({ DATA_DIR: join(directory.path, 'data') });
      client = new Client(service.url());
      await h5wasm.ready;
    }, 60_000);
    afterAll(async () => {
      await service?.stop();
      directory.remove();
    }, 60_000);

    /** Converts, and gets the bare file. */
    async function convert(
      mode: 'sync' | 'async',
      outputType: string,
    ): Promise<{ bytes: Buffer; type: string | null }> {
      const body = { inputs: { rawFile, outputType, sonarModel: 'EK60' }, outputs: { converted: {} } };
      let response = await client.execute(
        'convert-raw-sonar',
        body,
        mode === 'async' ? { prefer: 'respond-async' } : {},
      );
      if (mode === 'async') {
        const { jobID } = (await response.json()) as JobStatus;
        expect(await client.ended(jobID)).toMatchObject({ status: 'successful', progress: 100 });
        response = await client.get(`/jobs/${jobID}/results`);
      }
      expect(response.status).toBe(200);
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(response.headers.get('content-length')).toBe(String(bytes.length));
      return { bytes, type: response.headers.get('content-type') };
    }

    it.each(['sync', 'async'] as const)(
      '%s: a NetCDF-4 file with the numbers of the recording and named dimensions',
      async (mode) => {
        const { bytes, type } = await convert(mode, 'netcdf');
        expect(type).toBe('application/x-netcdf');
        const path = join(directory.path, `${mode}.nc`);
        await writeFile(path, bytes);

        const file = new h5wasm.File(path, 'r');
        try {
          const backscatter = file.get(`${BEAM}/backscatter_r`) as h5wasm.Dataset;
          expect(backscatter.shape).toEqual(SHAPE);
          expect(difference(backscatter.value as Float64Array, expected)).toBeLessThan(1e-9);
          const channels = (file.get(`${BEAM}/channel`) as h5wasm.Dataset).value as string[];
          expect(channels[0]).toBe('GPT  18 kHz 009072034d45 3-1 ES18-11');
          expect((file.get('/Sonar') as h5wasm.Group).attrs.sonar_manufacturer.value).toBe('Simrad');
          expect(file.keys()).toEqual(expect.arrayContaining(['Environment', 'Platform', 'Provenance', 'Sonar']));
        } finally {
          file.close();
        }

        if (!hasNcdump()) {
          if (process.env.CI) throw new Error('ncdump is not installed; in CI it is required');
          process.stderr.write(
            'SKIPPED the check with ncdump: it is not installed (on Debian: apt-get install netcdf-bin)\n',
          );
          return;
        }
        const header = execFileSync('ncdump', ['-h', path], { encoding: 'utf8' });
        expect(header).toContain('double backscatter_r(channel, ping_time, range_sample) ;');
        expect(header).toContain('ping_time = 136 ;');
        expect(header).not.toContain('phony_dim');
      },
      60_000,
    );

    it.each(['sync', 'async'] as const)(
      '%s: a zip of a Zarr store with the numbers of the recording',
      async (mode) => {
        const { bytes, type } = await convert(mode, 'zarr');
        expect(type).toBe('application/zip');
        const entries = new Map(Object.entries(unzipSync(bytes)).map(([name, content]) => [`/${name}`, content]));
        const root = zarr.root(entries);
        const open = (path: string) => zarr.open.v3(root.resolve(path), { kind: 'array' });
        const backscatter = await open(`${BEAM}/backscatter_r`);
        expect([backscatter.shape, backscatter.dimensionNames]).toEqual([
          SHAPE,
          ['channel', 'ping_time', 'range_sample'],
        ]);
        expect(difference((await zarr.get(backscatter)).data as Float64Array, expected)).toBeLessThan(1e-9);
        const channels = (await zarr.get(await open(`${BEAM}/channel`))).data as ArrayLike<string>;
        expect(channels[1]).toBe('GPT  38 kHz 009072033fa2 1-1 ES38B');
      },
      60_000,
    );

    it('a document says in numbers what the recording holds, and links the file', async () => {
      const response = await client.execute('convert-raw-sonar', { inputs: { rawFile }, response: 'document' });
      const { converted, summary } = (await response.json()) as {
        converted: { href: string; type: string };
        summary: { value: Record<string, unknown> };
      };
      expect(summary.value).toMatchObject({
        surveyName: 'DY1201_EK60',
        pings: 136,
        rangeSamples: 994,
        firstPing: '2012-02-14T23:10:11.298Z',
        datagrams: { CON0: 1, RAW0: 680, NME0: 136 },
      });
      const channels = summary.value.channels as {
        frequency: number;
        backscatter: { minimum: number; maximum: number; mean: number };
      }[];
      expect(channels.map(({ frequency }) => frequency)).toEqual([18_000, 38_000, 70_000, 120_000, 200_000]);
      for (const [index, { backscatter }] of channels.entries()) {
        const values = expected
          .subarray(index * 136 * 994, (index + 1) * 136 * 994)
          .filter((value) => !Number.isNaN(value));
        expect(backscatter.minimum).toBeCloseTo(
          values.reduce((a, b) => Math.min(a, b)),
          9,
        );
        expect(backscatter.maximum).toBeCloseTo(
          values.reduce((a, b) => Math.max(a, b)),
          9,
        );
        expect(backscatter.mean).toBeCloseTo(values.reduce((a, b) => a + b) / values.length, 6);
      }
      expect(converted.type).toBe('application/x-netcdf');
      const file = Buffer.from(await (await fetch(converted.href)).arrayBuffer());
      expect(file.subarray(1, 4).toString()).toBe('HDF');
    }, 60_000);

    it.each([
      ['another sonar model', () => ({ rawFile, sonarModel: 'EK80' }), '/inputs/sonarModel'],
      ['a truncated recording', () => ({ rawFile: recording.subarray(0, 1_000_000).toString('base64') }), undefined],
      [
        'something else than a recording',
        () => ({ rawFile: Buffer.alloc(4096, 'no sonar').toString('base64') }),
        undefined,
      ],
      ['an unknown output type', () => ({ rawFile, outputType: 'hdf' }), '/inputs/outputType'],
    ])(
      '%s ends in a clear 400, and the service goes on',
      async (_, inputs, pointer) => {
        const response = await client.execute('convert-raw-sonar', { inputs: inputs() });
        const problem = await expectProblem(response, 400, `${OGC_PROBLEM}/InvalidParameterValue`);
        if (pointer !== undefined) expect(pointersOf(problem)).toEqual([pointer]);
        expect((await client.get('/health/ready')).status).toBe(200);
      },
      60_000,
    );
  },
);
