import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { START, annotation, configuration, nmea, ping } from '../../../../test/harness/ek60-generator.js';
import { DataPass } from './data-pass.js';
import { indexRaw } from './raw-index.js';
import { sonarLayout } from './sonar-layout.js';
import { SonarWriter } from './sonar-model.js';
import type { Values, Variable } from './sonar-model.js';

// Some thousand pings are made and read.
jest.setTimeout(60_000);

/** Keeps no data, only how much came at a time and how much in all. */
class MeasuringWriter extends SonarWriter {
  readonly largest = new Map<string, number>();
  readonly total = new Map<string, number>();

  override create = () => Promise.resolve();
  override finish = () => Promise.resolve();
  override dispose = () => Promise.resolve();

  override write({ path, chunks }: Variable, start: readonly number[], shape: readonly number[], values: Values) {
    expect(shape.reduce((product, length) => product * length, 1)).toBe(values.length);
    start.forEach((first, axis) => expect(first % chunks[axis]).toBe(0));
    this.largest.set(path, Math.max(this.largest.get(path) ?? 0, values.length));
    this.total.set(path, (this.total.get(path) ?? 0) + values.length);
    return Promise.resolve();
  }
}

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-pass-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function measure(pings: number) {
  const path = join(directory, `${pings}.raw`);
  const power = Array.from({ length: 600 }, (_, sample) => -sample);
  const rows = Array.from({ length: pings }, (_, row) => {
    const time = START + BigInt(row) * 1000n;
    return [nmea('$GPGLL,4916.45,N,12311.12,E', time), annotation('note', time), ping({ time, power })];
  });
  await writeFile(path, Buffer.concat([configuration(), ...rows.flat()]));
  const { signal } = new AbortController();
  const index = await indexRaw(path, signal);
  const groups = sonarLayout(index, { fileName: '', softwareName: '', softwareVersion: '', convertedAt: new Date() });
  const writer = new MeasuringWriter();
  await new DataPass(groups, index, writer, signal).run(path, () => undefined);
  const streamed = groups.flatMap(({ variables }) => variables).filter(({ source }) => source.kind !== 'constant');
  return { writer, streamed };
}

describe(DataPass.name, () => {
  it('writes every value of every streamed variable exactly once', async () => {
    const { writer, streamed } = await measure(4000);
    for (const { path, shape } of streamed) {
      expect([path, writer.total.get(path)]).toEqual([path, shape.reduce((product, length) => product * length, 1)]);
    }
  });

  it('holds no more of a file twice as long', async () => {
    const [short, long] = [await measure(2500), await measure(5000)];
    expect([...long.writer.largest]).toEqual([...short.writer.largest]);
    expect(long.writer.total.get('/Sonar/Beam_group1/backscatter_r')).toBe(5000 * 600);
  });
});
