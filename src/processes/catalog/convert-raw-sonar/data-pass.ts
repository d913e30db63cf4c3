import { setImmediate } from 'node:timers/promises';
import { Column } from './column.js';
import { DatagramReader } from './datagram-reader.js';
import { decodePing, decodeText } from './ek60-datagrams.js';
import type { Ping } from './ek60-datagrams.js';
import { positionOf } from './nmea-position.js';
import { PingRows } from './ping-rows.js';
import { DECIBEL_PER_STEP } from './ping-variables.js';
import type { RawIndex } from './raw-index.js';
import type { Group, Source, SonarWriter, TimedPosition, TimedText } from './sonar-model.js';

/** What the recorded power of a channel amounts to, in dB. `mean` is the mean of the dB values. */
export interface BackscatterRange {
  minimum: number;
  maximum: number;
  mean: number;
}

/** A column together with where its values come from. */
interface Bound<Kind extends Source['kind']> {
  readonly column: Column;
  readonly source: Extract<Source, { kind: Kind }>;
}

/**
 * The second pass over a raw file: reads every datagram again and fills the variables that the layout declares.
 * Holds one block per variable, whatever the size of the file.
 */
export class DataPass {
  private readonly columns: Column[];
  private readonly rows = new PingRows();
  private readonly lanes: ReadonlyMap<number, number>;
  private readonly ranges: (BackscatterRange & { count: number })[];
  private readonly counts = { nmea: 0, position: 0, annotation: 0 };
  private readonly bound: { [Kind in Source['kind']]: Bound<Kind>[] };

  constructor(
    groups: readonly Group[],
    private readonly index: RawIndex,
    writer: SonarWriter,
    private readonly signal: AbortSignal,
  ) {
    const streamed = groups.flatMap(({ variables }) => variables).filter(({ source }) => source.kind !== 'constant');
    this.columns = streamed.map((variable) => new Column(variable, writer));
    this.lanes = new Map(index.channels.map(({ number }, lane) => [number, lane]));
    this.ranges = index.channels.map(() => ({ minimum: Infinity, maximum: -Infinity, mean: 0, count: 0 }));
    this.bound = {
      constant: [],
      ping: this.of('ping'),
      channel: this.of('channel'),
      samples: this.of('samples'),
      nmea: this.of('nmea'),
      position: this.of('position'),
      annotation: this.of('annotation'),
    };
  }

  /** @throws what the reader and the writer throw; the signal's reason when it is aborted */
  async run(path: string, onRead: (bytes: number) => void): Promise<void> {
    for await (const datagram of DatagramReader.read(path, this.signal, onRead)) {
      const { type, time } = datagram;
      if (type === 'RAW0') await this.ping(decodePing(datagram, this.index.configuration.transceivers.length));
      else if (type === 'NME0') await this.sentence({ time, text: decodeText(datagram) });
      else if (type === 'TAG0') await this.row('annotation', { time, text: decodeText(datagram) });
    }
    const { nmea, position, annotation } = this.counts;
    const counts = {
      nmea,
      position,
      annotation,
      constant: 0,
      ping: this.rows.count,
      channel: this.rows.count,
      samples: this.rows.count,
    };
    for (const column of this.columns) await column.flush(counts[column.variable.source.kind]);
  }

  /** Of the power that was read, by channel; undefined for a channel that recorded none. */
  backscatter(): (BackscatterRange | undefined)[] {
    return this.ranges.map(({ minimum, maximum, mean, count }) => (count > 0 ? { minimum, maximum, mean } : undefined));
  }

  private of<Kind extends Source['kind']>(kind: Kind): Bound<Kind>[] {
    return this.columns
      .filter(({ variable }) => variable.source.kind === kind)
      .map((column) => ({ column, source: column.variable.source as Extract<Source, { kind: Kind }> }));
  }

  private async ping(ping: Ping): Promise<void> {
    const begins = this.rows.begins(ping);
    const row = this.rows.count - 1;
    const lane = this.lanes.get(ping.channel);
    if (lane === undefined) throw new Error('The raw file changed while it was converted.');
    const { ping: perRow, channel, samples } = this.bound;
    if (begins) {
      for (const { column } of [...perRow, ...channel, ...samples]) await this.open(column, row);
      for (const { column, source } of perRow) column.set(row, 0, source.value(ping));
    }
    for (const { column, source } of channel) column.set(row, lane, source.value(ping));
    for (const { column, source } of samples) {
      column.fill(row, lane, (target, at) => source.copy(ping, target as Float64Array | Float32Array, at));
    }
    this.measure(ping, lane);
  }

  private async sentence(sentence: TimedText): Promise<void> {
    await this.row('nmea', sentence);
    const position = positionOf(sentence.text);
    if (position) await this.row('position', { ...position, time: sentence.time });
  }

  private row(kind: 'nmea' | 'annotation', value: TimedText): Promise<void>;
  private row(kind: 'position', value: TimedPosition): Promise<void>;
  private async row(kind: 'nmea' | 'annotation' | 'position', value: TimedText & TimedPosition): Promise<void> {
    const row = this.counts[kind];
    this.counts[kind] += 1;
    for (const { column, source } of this.bound[kind]) {
      await this.open(column, row);
      column.set(row, 0, source.value(value));
    }
  }

  /** Writing is synchronous work; the turn of the event loop lets an abort arrive between two chunks. */
  private async open(column: Column, row: number): Promise<void> {
    if (!(await column.open(row))) return;
    await setImmediate();
    this.signal.throwIfAborted();
  }

  private measure({ power }: Ping, lane: number): void {
    const range = this.ranges[lane];
    for (let at = 0; at < power.length; at += 2) {
      const decibel = power.readInt16LE(at) * DECIBEL_PER_STEP;
      range.count += 1;
      range.mean += (decibel - range.mean) / range.count;
      if (decibel < range.minimum) range.minimum = decibel;
      if (decibel > range.maximum) range.maximum = decibel;
    }
  }
}
