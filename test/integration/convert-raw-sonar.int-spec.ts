import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import FileSystemStore from '@zarrita/storage/fs';
import { unzipSync } from 'fflate';
import * as h5wasm from 'h5wasm/node';
import * as zarr from 'zarrita';
import { ConvertRawSonar } from '../../src/processes/catalog/convert-raw-sonar/convert-raw-sonar.process.js';
import type { OutputType } from '../../src/processes/catalog/convert-raw-sonar/convert-raw-sonar.dto.js';
import type { RecordingSummary } from '../../src/processes/catalog/convert-raw-sonar/recording-summary.js';
import { InputFile } from '../../src/processes/input-file.js';
import { configuration, nmea, ping, START } from '../harness/ek60-generator.js';
import { recordingJobContext } from '../harness/recording-job-context.js';
import type { RecordingJobContext } from '../harness/recording-job-context.js';

const RECORDING = resolve('../shared/data/DY1201_EK60-D20120214-T231011.raw');
const hasRecording = existsSync(RECORDING) || process.env.CI !== undefined;
const hasNcdump = process.env.CI !== undefined || works('ncdump');

const PINGS = 136;
const SAMPLES = 994;
const CHANNELS = [
  'GPT  18 kHz 009072034d45 3-1 ES18-11',
  'GPT  38 kHz 009072033fa2 1-1 ES38B',
  'GPT  70 kHz',
  'GPT 120 kHz',
  'GPT 200 kHz',
];

/** The numbers straight from the bytes, by nothing but the file format: what both formats have to contain. */
interface Expected {
  backscatter: Float64Array;
  athwartship: Float32Array;
  alongship: Float32Array;
  times: bigint[];
  sampleInterval: number[];
  transmitPower: number[];
  pulseLength: number[];
}

function expectedFrom(bytes: Buffer): Expected {
  const cells = CHANNELS.length * PINGS * SAMPLES;
  const expected: Expected = {
    backscatter: new Float64Array(cells).fill(NaN),
    athwartship: new Float32Array(cells).fill(NaN),
    alongship: new Float32Array(cells).fill(NaN),
    times: [],
    sampleInterval: [],
    transmitPower: [],
    pulseLength: [],
  };
  const row = new Array<number>(CHANNELS.length).fill(0);
  for (let at = 0; at < bytes.length; at += bytes.readInt32LE(at) + 8) {
    if (bytes.toString('latin1', at + 4, at + 8) !== 'RAW0') continue;
    const channel = bytes.readInt16LE(at + 16) - 1;
    const ping = row[channel]++;
    if (channel === 0) expected.times.push((bytes.readBigInt64LE(at + 8) - 116444736000000000n) * 100n);
    expected.transmitPower[channel * PINGS + ping] = bytes.readFloatLE(at + 28);
    expected.pulseLength[channel * PINGS + ping] = bytes.readFloatLE(at + 32);
    expected.sampleInterval[channel * PINGS + ping] = bytes.readFloatLE(at + 40);
    const count = bytes.readInt32LE(at + 84);
    for (let sample = 0; sample < count; sample += 1) {
      const cell = (channel * PINGS + ping) * SAMPLES + sample;
      expected.backscatter[cell] = (bytes.readInt16LE(at + 88 + 2 * sample) * 10 * Math.log10(2)) / 256;
      expected.athwartship[cell] = bytes.readInt8(at + 88 + 2 * count + 2 * sample);
      expected.alongship[cell] = bytes.readInt8(at + 88 + 2 * count + 2 * sample + 1);
    }
  }
  return expected;
}

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-sonar-'));
  await h5wasm.ready;
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function convert(name: string, rawFile: string, outputType: OutputType, signal?: AbortSignal) {
  const place = join(directory, name);
  await mkdir(place, { recursive: true });
  const context = recordingJobContext(place, signal);
  const file = new InputFile(rawFile, (await stat(rawFile)).size, 'application/octet-stream');
  const outputs = await new ConvertRawSonar().execute(
    { rawFile: file, outputType, overwrite: false, sonarModel: 'EK60' },
    context,
  );
  return { context, summary: outputs.summary, path: context.reported.files.get('converted')!.path };
}

/** Unpacks a zip with a reader other than the writer's own streaming code, and opens the store in a Zarr library. */
async function openStore(zip: string) {
  const target = `${zip}.unpacked`;
  for (const [name, bytes] of Object.entries(unzipSync(new Uint8Array(await readFile(zip))))) {
    await mkdir(dirname(join(target, name)), { recursive: true });
    await writeFile(join(target, name), bytes);
  }
  const root = zarr.root(new FileSystemStore(target));
  const open = (path: string) => zarr.open.v3(root.resolve(path), { kind: 'array' });
  return { root, open, values: async (path: string) => (await zarr.get(await open(path))).data as ArrayLike<unknown> };
}

/** Greatest difference over all cells; NaN only where the other is NaN too. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual).toHaveLength(expected.length);
  let greatest = 0;
  for (let at = 0; at < expected.length; at += 1) {
    if (Number.isNaN(expected[at]) && Number.isNaN(actual[at])) continue;
    const gap = Math.abs(actual[at] - expected[at]);
    greatest = Number.isNaN(gap) ? Infinity : Math.max(greatest, gap);
  }
  return greatest;
}

(hasRecording ? describe : describe.skip)(
  `ConvertRawSonar with a real recording${hasRecording ? '' : ' (skipped: ../shared/data is absent)'}`,
  () => {
    let expected: Expected;
    let netcdf: { context: RecordingJobContext; summary: RecordingSummary; path: string };
    let zarrZip: typeof netcdf;
    beforeAll(async () => {
      expected = expectedFrom(readFileSync(RECORDING));
      netcdf = await convert('netcdf', RECORDING, 'netcdf');
      zarrZip = await convert('zarr', RECORDING, 'zarr');
    }, 120_000);

    it('summarizes the recording', () => {
      const { summary } = netcdf;
      expect(summary).toMatchObject({
        fileName: 'DY1201_EK60-D20120214-T231011.nc',
        surveyName: 'DY1201_EK60',
        pings: PINGS,
        rangeSamples: SAMPLES,
        firstPing: '2012-02-14T23:10:11.298Z',
        lastPing: '2012-02-14T23:10:51.642Z',
        datagrams: { CON0: 1, RAW0: 680, NME0: 136 },
      });
      expect(summary.channels.map(({ frequency }) => frequency)).toEqual([18000, 38000, 70000, 120000, 200000]);
      expect(summary.channels.map(({ pings }) => pings)).toEqual(CHANNELS.map(() => PINGS));
      expect(summary.firstPosition!.latitude).toBeCloseTo(54 + 45.9292 / 60, 10);
      expect(summary.firstPosition!.longitude).toBeCloseTo(-(163 + 13.8127 / 60), 10);
      expect(zarrZip.summary).toEqual({ ...summary, fileName: 'DY1201_EK60-D20120214-T231011.zarr.zip' });
    });

    it('reports progress by bytes read, never backwards, up to 100', () => {
      for (const { context } of [netcdf, zarrZip]) {
        const percents = context.reported.progress.map(({ percent }) => percent);
        expect(percents).toEqual([...percents].sort((a, b) => a - b));
        expect(new Set(percents).size).toBeGreaterThan(5);
        expect(percents.at(-1)).toBe(100);
      }
    });

    it('declares the media type of each format', () => {
      expect(netcdf.context.reported.files.get('converted')!.mediaType).toBe('application/x-netcdf');
      expect(zarrZip.context.reported.files.get('converted')!.mediaType).toBe('application/zip');
    });

    it('NetCDF: holds the numbers of the raw bytes', () => {
      const file = new h5wasm.File(netcdf.path, 'r');
      try {
        const values = (path: string) => (file.get(path) as h5wasm.Dataset).value as unknown as Float64Array;
        const beam = '/Sonar/Beam_group1';
        expect((file.get(`${beam}/backscatter_r`) as h5wasm.Dataset).shape).toEqual([5, PINGS, SAMPLES]);
        expect(difference(values(`${beam}/backscatter_r`), expected.backscatter)).toBeLessThan(1e-12);
        expect(difference(values(`${beam}/angle_athwartship`), expected.athwartship)).toBe(0);
        expect(difference(values(`${beam}/angle_alongship`), expected.alongship)).toBe(0);
        expect([...(values(`${beam}/ping_time`) as unknown as BigInt64Array)]).toEqual(expected.times);
        expect(difference(values(`${beam}/sample_interval`), expected.sampleInterval)).toBe(0);
        expect(difference(values(`${beam}/transmit_power`), expected.transmitPower)).toBe(0);
        expect(difference(values(`${beam}/transmit_duration_nominal`), expected.pulseLength)).toBe(0);
        expect((values(`${beam}/channel`) as unknown as string[])[0]).toBe(CHANNELS[0]);
        expect(values('/Platform/latitude')).toHaveLength(41);
        expect(values('/Platform/latitude')[0]).toBeCloseTo(54.765487, 6);
        const sentences = values('/Platform/NMEA/NMEA_datagram') as unknown as string[];
        expect(sentences).toHaveLength(136);
        expect(sentences[2]).toBe('$GPGGA,231011,5445.9292,N,16313.8127,W,1,10,00.8,27.6,M,11.1,M,,');
      } finally {
        file.close();
      }
    });

    it('Zarr: the zip opens in a Zarr library and holds the numbers of the raw bytes', async () => {
      const store = await openStore(zarrZip.path);
      const beam = '/Sonar/Beam_group1';
      const backscatter = await store.open(`${beam}/backscatter_r`);
      expect(backscatter.dimensionNames).toEqual(['channel', 'ping_time', 'range_sample']);
      expect(backscatter.shape).toEqual([5, PINGS, SAMPLES]);
      const numbers = async (path: string) => (await store.values(path)) as ArrayLike<number>;
      expect(difference(await numbers(`${beam}/backscatter_r`), expected.backscatter)).toBeLessThan(1e-12);
      expect(difference(await numbers(`${beam}/angle_athwartship`), expected.athwartship)).toBe(0);
      expect(difference(await numbers(`${beam}/angle_alongship`), expected.alongship)).toBe(0);
      expect(difference(await numbers(`${beam}/sample_interval`), expected.sampleInterval)).toBe(0);
      expect([...((await store.values(`${beam}/ping_time`)) as BigInt64Array)]).toEqual(expected.times);
      expect((await store.values(`${beam}/channel`))[1]).toBe(CHANNELS[1]);
      expect((await store.values('/Platform/NMEA/NMEA_datagram'))[2]).toContain('$GPGGA,231011,');
      const sonar = await zarr.open.v3(store.root.resolve('/Sonar'), { kind: 'group' });
      expect(sonar.attrs).toMatchObject({ sonar_manufacturer: 'Simrad', sonar_software_version: '2.2.1' });
    });

    (hasNcdump ? it : it.skip)(
      `NetCDF: ncdump -h shows groups and named dimensions${hasNcdump ? '' : ' (skipped: ncdump is not installed)'}`,
      () => {
        const header = execFileSync('ncdump', ['-h', netcdf.path], { encoding: 'utf8' });
        for (const line of [
          'group: Environment {',
          'group: Platform {',
          'group: NMEA {',
          'group: Provenance {',
          'group: Vendor_specific {',
          'channel = 5 ;',
          `ping_time = ${PINGS} ;`,
          `range_sample = ${SAMPLES} ;`,
          'double backscatter_r(channel, ping_time, range_sample) ;',
          'double sample_interval(channel, ping_time) ;',
          'int64 ping_time(ping_time) ;',
          'ping_time:units = "nanoseconds since 1970-01-01T00:00:00+00:00" ;',
          'double latitude(time1) ;',
          'double absorption_indicative(channel, time1) ;',
          'double sa_correction(channel, pulse_length_bin) ;',
        ]) {
          expect(header).toContain(line);
        }
        expect(header).not.toContain('phony_dim');
      },
    );
  },
);

describe('ConvertRawSonar over several chunks', () => {
  const LONG = 2500;
  const WIDE = 700;

  /** Two channels; every third ping of the second one is missing, lengths vary. */
  async function longRecording(): Promise<string> {
    const path = join(directory, 'long.raw');
    const parts = [configuration([{ frequency: 38000 }, { frequency: 120000 }])];
    for (let row = 0; row < LONG; row += 1) {
      const time = START + BigInt(row) * 1_000_000_000n;
      const power = Array.from({ length: WIDE - (row % 7) }, (_, sample) => -((row * 31 + sample) % 20000));
      parts.push(nmea(`$GPGLL,0${row % 10}30.0000,N,00130.0000,W`, time), ping({ time, power, channel: 1 }));
      if (row % 3 !== 0) parts.push(ping({ time, power: power.slice(0, 5), channel: 2 }));
    }
    await writeFile(path, Buffer.concat(parts));
    return path;
  }

  it.each(['netcdf', 'zarr'] as const)(
    '%s: pads shorter and missing pings with NaN, in every chunk',
    async (type) => {
      const { path } = await convert(`long-${type}`, await longRecording(), type);
      let power: ArrayLike<number>;
      let times: BigInt64Array;
      let latitudes: ArrayLike<number>;
      let sentences: ArrayLike<unknown>;
      if (type === 'netcdf') {
        const file = new h5wasm.File(path, 'r');
        const values = (name: string) => (file.get(name) as h5wasm.Dataset).value;
        power = values('/Sonar/Beam_group1/backscatter_r') as Float64Array;
        times = values('/Sonar/Beam_group1/ping_time') as BigInt64Array;
        latitudes = values('/Platform/latitude') as Float64Array;
        sentences = values('/Platform/NMEA/NMEA_datagram') as string[];
        file.close();
      } else {
        const store = await openStore(path);
        power = (await store.values('/Sonar/Beam_group1/backscatter_r')) as ArrayLike<number>;
        times = (await store.values('/Sonar/Beam_group1/ping_time')) as BigInt64Array;
        latitudes = (await store.values('/Platform/latitude')) as ArrayLike<number>;
        sentences = await store.values('/Platform/NMEA/NMEA_datagram');
      }
      const expected = new Float64Array(2 * LONG * WIDE).fill(NaN);
      for (let row = 0; row < LONG; row += 1) {
        for (let sample = 0; sample < WIDE - (row % 7); sample += 1) {
          const value = (-((row * 31 + sample) % 20000) * 10 * Math.log10(2)) / 256;
          expected[row * WIDE + sample] = value;
          if (row % 3 !== 0 && sample < 5) expected[(LONG + row) * WIDE + sample] = value;
        }
      }
      expect(difference(power, expected)).toBeLessThan(1e-12);
      expect(times[LONG - 1]).toBe(START + BigInt(LONG - 1) * 1_000_000_000n);
      expect(latitudes).toHaveLength(LONG);
      expect(latitudes[LONG - 1]).toBeCloseTo(9.5, 12);
      expect(sentences[1777]).toBe('$GPGLL,0730.0000,N,00130.0000,W');
    },
    60_000,
  );

  it.each(['netcdf', 'zarr'] as const)('%s: stops when the signal is aborted, and leaves no result', async (type) => {
    const raw = await longRecording();
    const place = join(directory, `abort-${type}`);
    await mkdir(place);
    const abort = new AbortController();
    const context = recordingJobContext(place, abort.signal, (percent) => {
      if (percent > 40) abort.abort(new Error('dismissed'));
    });
    const file = new InputFile(raw, (await stat(raw)).size, 'application/octet-stream');
    const inputs = { rawFile: file, outputType: type, overwrite: false, sonarModel: 'EK60' };
    await expect(new ConvertRawSonar().execute(inputs, context)).rejects.toThrow('dismissed');
    expect(context.reported.files.size).toBe(0);
  });
});

function works(command: string): boolean {
  try {
    execFileSync(command, ['-h'], { stdio: 'ignore' });
    return true;
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}
