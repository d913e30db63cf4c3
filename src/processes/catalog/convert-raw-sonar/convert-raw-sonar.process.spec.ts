import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { File as HdfFile, ready } from 'h5wasm/node';
import type { Dataset } from 'h5wasm/node';
import { START, annotation, configuration, datagram, nmea, ping } from '../../../../test/harness/ek60-generator.js';
import { recordingJobContext } from '../../../../test/harness/recording-job-context.js';
import { InputFile } from '../../input-file.js';
import { ProcessRejection } from '../../process-rejection.js';
import type { ConvertRawSonarInputs } from './convert-raw-sonar.dto.js';
import { ConvertRawSonar } from './convert-raw-sonar.process.js';

const STEP = (10 * Math.log10(2)) / 256;

let directory: string;
let runs = 0;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-convert-'));
  await ready;
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function prepare(bytes: Uint8Array) {
  const place = join(directory, String((runs += 1)));
  await mkdir(join(place, 'work'), { recursive: true });
  const path = join(place, 'cruise.raw');
  await writeFile(path, bytes);
  return { place, rawFile: new InputFile(path, bytes.length, 'application/octet-stream') };
}

async function convert(bytes: Uint8Array, inputs: Partial<ConvertRawSonarInputs> = {}) {
  const { place, rawFile } = await prepare(bytes);
  const context = recordingJobContext(place);
  const defaults = { outputType: 'netcdf', overwrite: false, sonarModel: 'EK60' } as const;
  const outputs = await new ConvertRawSonar().execute({ rawFile, ...defaults, ...inputs }, context);
  return { place, context, outputs, path: context.reported.files.get('converted')!.path };
}

/** Reads variables of a NetCDF file. */
async function values(bytes: Uint8Array, ...paths: string[]): Promise<unknown[]> {
  const { path } = await convert(bytes);
  const file = new HdfFile(path, 'r');
  try {
    return paths.map((name) => {
      const found = (file.get(name) as Dataset | null)?.value;
      return ArrayBuffer.isView(found) ? [...(found as unknown as Iterable<unknown>)] : found;
    });
  } finally {
    file.close();
  }
}

describe(ConvertRawSonar.name, () => {
  const beam = '/Sonar/Beam_group1';

  it('RAW0: turns power into dB and keeps both angles', async () => {
    const bytes = Buffer.concat([
      configuration(),
      ping({ power: [-32768, 0, 32767], angles: [[-128, 127], [0, -1], [5, 6]] }), // prettier-ignore
    ]);
    expect(
      await values(bytes, `${beam}/backscatter_r`, `${beam}/angle_athwartship`, `${beam}/angle_alongship`),
    ).toEqual([
      [-32768 * STEP, 0, 32767 * STEP],
      [-128, 0, 5],
      [127, -1, 6],
    ]);
  });

  it('names the result after the file where the recording came from, not after the one it was put into', async () => {
    const bytes = Buffer.concat([configuration(), ping({ power: [1] })]);
    const { path, size, mediaType } = (await prepare(bytes)).rawFile;
    const rawFile = new InputFile(path, size, mediaType, 'DY1201-D2012.raw');
    expect((await convert(bytes, { rawFile })).outputs.summary.fileName).toBe('DY1201-D2012.nc');
  });

  it('RAW0: pads shorter and missing pings with NaN', async () => {
    const bytes = Buffer.concat([
      configuration([{}, {}]),
      ping({ channel: 1, power: [256] }),
      ping({ channel: 2, power: [512, 512], angles: [[1, 2], [3, 4]] }), // prettier-ignore
      ping({ channel: 2, mode: 2, angles: [[7, 8]], time: START + 100n }), // prettier-ignore
    ]);
    const [power, along, times, type, interval] = await values(
      bytes,
      `${beam}/backscatter_r`,
      `${beam}/angle_alongship`,
      `${beam}/ping_time`,
      `${beam}/data_type`,
      `${beam}/sample_interval`,
    );
    expect(power).toEqual([256 * STEP, NaN, NaN, NaN, 512 * STEP, 512 * STEP, NaN, NaN]);
    expect(along).toEqual([NaN, NaN, NaN, NaN, 2, 4, 8, NaN]);
    expect(times).toEqual([START, START + 100n]);
    expect(type).toEqual([1, 0, 3, 2]);
    expect(interval).toEqual([0.000244140625, NaN, 0.000244140625, 0.000244140625]);
  });

  it('RAW0: keeps what is recorded per ping under the names of SONAR-netCDF4', async () => {
    const bytes = Buffer.concat([configuration(), ping({ offset: 8, transmitMode: 1 })]);
    const expected = {
      [`${beam}/transmit_power`]: [2000],
      [`${beam}/transmit_duration_nominal`]: [0.0009765625],
      [`${beam}/transmit_bandwidth`]: [2425],
      [`${beam}/sample_time_offset`]: [8 * 0.000244140625],
      [`${beam}/channel_mode`]: [1],
      '/Environment/sound_speed_indicative': [1480.5],
      '/Environment/absorption_indicative': [0.0078125],
      '/Platform/vertical_offset': [0.25],
      '/Platform/roll': [1.5],
      '/Platform/pitch': [-2.5],
      '/Platform/water_level': 5.5,
    };
    expect(await values(bytes, ...Object.keys(expected))).toEqual(Object.values(expected));
  });

  it('CON0: keeps what is configured per transceiver', async () => {
    const bytes = Buffer.concat([configuration([{ channelId: 'GPT 38', pulseLengths: [1, 2, 3, 4, 5] }]), ping()]);
    const expected = {
      [`${beam}/channel`]: ['GPT 38'],
      [`${beam}/frequency_nominal`]: [38000],
      [`${beam}/beam_type`]: [1n],
      [`${beam}/beamwidth_twoway_alongship`]: [7.25],
      [`${beam}/beamwidth_twoway_athwartship`]: [7.5],
      [`${beam}/equivalent_beam_angle`]: [-20.5],
      [`${beam}/gain_correction`]: [22.5],
      [`${beam}/beam_direction_z`]: [1],
      '/Platform/transducer_offset_y': [2],
      '/Vendor_specific/pulse_length': [1, 2, 3, 4, 5],
      '/Vendor_specific/gain_correction': [20, 21, 22, 23, 24],
      '/Vendor_specific/sa_correction': [0, -0.25, -0.5, -0.75, -1],
    };
    expect(await values(bytes, ...Object.keys(expected))).toEqual(Object.values(expected));
  });

  it('NME0: keeps every sentence, and the positions among them', async () => {
    const sentences = [
      '$GPGLL,4916.50,S,12330.00,E',
      '',
      '$GPVTG,072,T',
      '$GPGGA,231011,,,,,0,00,,,M,,M,,',
      'Gr\u00fc\u00dfe',
    ];
    const bytes = Buffer.concat([
      configuration(),
      ...sentences.map((sentence, n) => nmea(sentence, START + BigInt(n) * 100n)),
      ping(),
    ]);
    const read = await values(
      bytes,
      '/Platform/NMEA/NMEA_datagram',
      '/Platform/NMEA/nmea_time',
      '/Platform/latitude',
      '/Platform/longitude',
      '/Platform/sentence_type',
      '/Platform/time1',
    );
    expect(read).toEqual([
      sentences,
      sentences.map((_, n) => START + BigInt(n) * 100n),
      [-49.275, NaN],
      [123.5, NaN],
      ['GLL', 'GGA'],
      [START, START + 300n],
    ]);
  });

  it('TAG0: keeps annotations', async () => {
    const bytes = Buffer.concat([configuration(), annotation('haul 7 begins', START + 700n), ping()]);
    expect(await values(bytes, '/Annotation/annotation_text', '/Annotation/time')).toEqual([
      ['haul 7 begins'],
      [START + 700n],
    ]);
  });

  it.each(['netcdf', 'zarr'] as const)('%s: converts a file with nothing but one ping', async (outputType) => {
    const { outputs, path } = await convert(Buffer.concat([configuration(), ping()]), { outputType });
    expect(outputs.summary).toMatchObject({ pings: 1, rangeSamples: 3, surveyName: 'GENERATED' });
    expect(outputs.summary.firstPosition).toBeUndefined();
    expect((await readFile(path)).length).toBeGreaterThan(1000);
  });

  it('counts and skips datagrams of unknown types, and says so in the log', async () => {
    const bytes = Buffer.concat([configuration(), datagram('DEP0', Buffer.alloc(9)), ping()]);
    const { outputs, context } = await convert(bytes);
    expect(outputs.summary.datagrams).toEqual({ CON0: 1, DEP0: 1, RAW0: 1 });
    expect(context.reported.logs).toContainEqual({
      level: 'warn',
      message: 'Skipped datagrams of other types.',
      data: { DEP0: 1 },
    });
  });

  it('rejects a sonar model it does not support, and names those it does', async () => {
    const converting = convert(Buffer.concat([configuration(), ping()]), { sonarModel: 'EK80' });
    await expect(converting).rejects.toMatchObject({ name: 'ProcessRejection', input: 'sonarModel' });
    await expect(converting).rejects.toThrow('"EK80" is not supported; supported: EK60');
  });

  it('replaces an existing result only when overwrite is set', async () => {
    const { place, rawFile } = await prepare(Buffer.concat([configuration(), ping()]));
    const existing = join(place, 'work', 'cruise.nc');
    await writeFile(existing, 'earlier');
    const run = (overwrite: boolean) =>
      new ConvertRawSonar().execute(
        { rawFile, outputType: 'netcdf', overwrite, sonarModel: 'EK60' },
        recordingJobContext(place),
      );
    await expect(run(false)).rejects.toMatchObject({ name: 'ProcessRejection', input: 'overwrite' });
    expect(await readFile(existing, 'utf8')).toBe('earlier');
    await run(true);
    expect((await readFile(existing)).subarray(1, 4).toString()).toBe('HDF');
  });

  it.each(['netcdf', 'zarr'] as const)(
    '%s: is not hindered by what an interrupted attempt left behind',
    async (outputType) => {
      const { place, rawFile } = await prepare(Buffer.concat([configuration(), ping()]));
      const name = outputType === 'netcdf' ? 'cruise.nc' : 'cruise.zarr.zip';
      await writeFile(join(place, 'work', `${name}.partial`), 'half');
      await mkdir(join(place, 'work', `${name}.partial.store`, 'junk'), { recursive: true });
      const context = recordingJobContext(place);
      await new ConvertRawSonar().execute({ rawFile, outputType, overwrite: false, sonarModel: 'EK60' }, context);
      expect(context.reported.files.get('converted')!.path).toBe(join(place, 'work', name));
      const left = await readdir(join(place, 'work'));
      expect(left).toContain(name);
      expect(left).not.toContain(`${name}.partial`);
    },
  );

  it.each(['netcdf', 'zarr'] as const)(
    '%s: a truncated or damaged file is converted or rejected, nothing else',
    async (outputType) => {
      const sound = Buffer.concat([
        configuration([{}, {}]),
        nmea('$GPGLL,4916.45,N,12311.12,E'),
        ping({ channel: 1, angles: [[1, 2], [3, 4], [5, 6]] }), // prettier-ignore
        ping({ channel: 2 }),
        annotation('note'),
        ping({ channel: 1, time: START + 1000n }),
      ]);
      const flips = fc.array(fc.tuple(fc.nat(sound.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 6 });
      const cut = fc.option(fc.nat(sound.length), { nil: sound.length });
      await fc.assert(
        fc.asyncProperty(flips, cut, async (changes, end) => {
          const bytes = Buffer.from(sound);
          for (const [at, value] of changes) bytes[at] = value;
          try {
            const { outputs } = await convert(bytes.subarray(0, end), { outputType });
            expect(outputs.summary.pings).toBeGreaterThan(0);
          } catch (fault) {
            expect(fault).toBeInstanceOf(ProcessRejection);
          }
        }),
        { numRuns: outputType === 'netcdf' ? 300 : 60 },
      );
    },
    60_000,
  );

  it('rejects every proper beginning of a file that ends amid a datagram', async () => {
    const parts = [configuration(), nmea('$GPVTG,1'), ping()];
    const bytes = Buffer.concat(parts);
    const borders = new Set(parts.map((_, n) => parts.slice(0, n + 1).reduce((sum, part) => sum + part.length, 0)));
    for (let end = 1; end < bytes.length; end += 13) {
      if (borders.has(end)) continue;
      await expect(convert(bytes.subarray(0, end))).rejects.toThrow('truncated');
    }
  });
});
