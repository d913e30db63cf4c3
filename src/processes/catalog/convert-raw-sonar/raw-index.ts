import { DatagramReader, malformed } from './datagram-reader.js';
import type { Datagram } from './datagram-reader.js';
import { decodeConfiguration, decodePing, decodeText } from './ek60-datagrams.js';
import type { Configuration, Ping, Transceiver } from './ek60-datagrams.js';
import { positionOf } from './nmea-position.js';
import type { Position } from './nmea-position.js';
import { PingRows } from './ping-rows.js';
import { ProcessRejection } from '../../process-rejection.js';

/** A transceiver that recorded at least one ping. */
interface Channel {
  /** As in RAW0: 1 for the first transceiver of CON0. */
  readonly number: number;
  readonly transceiver: Transceiver;
  pings: number;
}

/** Everything that has to be known of a file before its data are written. Its size does not grow with the file. */
export interface RawIndex {
  readonly configuration: Configuration;
  /** When the file was begun; nanoseconds since 1970. */
  readonly created: bigint;
  /** In ascending order of the channel id. */
  readonly channels: readonly Channel[];
  /** Length of the `ping_time` axis. */
  readonly pings: number;
  /** Length of the `range_sample` axis: the samples of the longest ping. */
  readonly samples: number;
  readonly hasAngles: boolean;
  readonly firstPing: bigint;
  readonly lastPing: bigint;
  /** m, of the first ping */
  readonly transducerDepth: number;
  readonly nmeaSentences: number;
  readonly positions: number;
  readonly firstPosition?: Position;
  readonly annotations: number;
  /** Number of datagrams by type. */
  readonly datagrams: ReadonlyMap<string, number>;
}

/** Types that are counted by name; a damaged file could hold any number of invented ones. */
const MAX_NAMED_TYPES = 32;
/** A block of one ping over all channels has to fit into memory. */
const MAX_CELLS_PER_PING = 8 * 1024 * 1024;
/** Padding beyond this many cells is refused when it is also out of proportion to what was recorded. */
const MAX_FREE_CELLS = 16 * 1024 * 1024;
const MAX_PADDING_FACTOR = 64;

/**
 * The first pass over a raw file: checks every datagram and counts what the second pass will write.
 *
 * @param onRead hears the bytes read so far
 * @throws ProcessRejection when the file is not an EK60 raw file, is damaged, or holds no samples
 */
export async function indexRaw(path: string, signal: AbortSignal, onRead?: (bytes: number) => void): Promise<RawIndex> {
  const indexer = new Indexer();
  for await (const datagram of DatagramReader.read(path, signal, onRead)) indexer.add(datagram);
  return indexer.finish();
}

class Indexer {
  private readonly datagrams = new Map<string, number>();
  private readonly rows = new PingRows();
  private channels: Channel[] = [];
  private configuration?: Configuration;
  private created = 0n;
  private samples = 0;
  private recorded = 0;
  private hasAngles = false;
  private first?: Pick<Ping, 'time' | 'transducerDepth'>;
  private lastPing = 0n;
  private nmeaSentences = 0;
  private positions = 0;
  private firstPosition?: Position;
  private annotations = 0;

  add(datagram: Datagram): void {
    if (!this.configuration && datagram.type !== 'CON0') {
      throw malformed(
        datagram.offset,
        `an EK60 raw file begins with a CON0 datagram, but this one begins with "${datagram.type}".`,
      );
    }
    this.count(datagram.type);
    if (datagram.type === 'CON0') this.configure(datagram);
    else if (datagram.type === 'RAW0') this.addPing(decodePing(datagram, this.channels.length));
    else if (datagram.type === 'NME0') this.addSentence(decodeText(datagram));
    else if (datagram.type === 'TAG0') {
      decodeText(datagram);
      this.annotations += 1;
    }
  }

  finish(): RawIndex {
    if (!this.configuration) throw new ProcessRejection('The raw file is empty.', 'rawFile');
    if (!this.first || this.samples === 0) {
      throw new ProcessRejection('The raw file holds no samples: no RAW0 datagram with a ping in it.', 'rawFile');
    }
    const channels = this.channels.filter(({ pings }) => pings > 0).sort(byChannelId);
    this.refuseExplosion(channels.length);
    return {
      configuration: this.configuration,
      created: this.created,
      channels,
      pings: this.rows.count,
      samples: this.samples,
      hasAngles: this.hasAngles,
      firstPing: this.first.time,
      lastPing: this.lastPing,
      transducerDepth: this.first.transducerDepth,
      nmeaSentences: this.nmeaSentences,
      positions: this.positions,
      firstPosition: this.firstPosition,
      annotations: this.annotations,
      datagrams: this.datagrams,
    };
  }

  private count(type: string): void {
    const name = this.datagrams.has(type) || this.datagrams.size < MAX_NAMED_TYPES ? type : 'other';
    this.datagrams.set(name, (this.datagrams.get(name) ?? 0) + 1);
  }

  private configure(datagram: Datagram): void {
    if (this.configuration) throw malformed(datagram.offset, 'a second CON0 datagram; the file was put together.');
    this.configuration = decodeConfiguration(datagram);
    this.created = datagram.time;
    this.channels = this.configuration.transceivers.map((transceiver, index) => ({
      number: index + 1,
      transceiver,
      pings: 0,
    }));
  }

  private addPing(ping: Ping): void {
    this.rows.begins(ping);
    this.channels[ping.channel - 1].pings += 1;
    this.samples = Math.max(this.samples, ping.sampleCount);
    this.recorded += ping.sampleCount;
    this.hasAngles ||= ping.angles.length > 0;
    this.first ??= { time: ping.time, transducerDepth: ping.transducerDepth };
    this.lastPing = ping.time;
  }

  private addSentence(sentence: string): void {
    this.nmeaSentences += 1;
    const position = positionOf(sentence);
    if (!position) return;
    this.positions += 1;
    if (!Number.isNaN(position.latitude)) this.firstPosition ??= position;
  }

  /** Shorter pings are padded, so a few long pings among many short ones could fill a disk. */
  private refuseExplosion(channels: number): void {
    const perPing = channels * this.samples;
    const cells = perPing * this.rows.count;
    if (perPing > MAX_CELLS_PER_PING || (cells > MAX_FREE_CELLS && cells > MAX_PADDING_FACTOR * this.recorded)) {
      throw new ProcessRejection(
        `The pings of the raw file differ too much in length: ${this.recorded} samples would have to be padded to ` +
          `${channels} channels x ${this.rows.count} pings x ${this.samples} samples.`,
        'rawFile',
      );
    }
  }
}

function byChannelId(a: Channel, b: Channel): number {
  if (a.transceiver.channelId === b.transceiver.channelId) return a.number - b.number;
  return a.transceiver.channelId < b.transceiver.channelId ? -1 : 1;
}
