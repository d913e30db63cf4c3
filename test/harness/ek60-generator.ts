/**
 * Makes Simrad EK60 raw files for tests: every field that a test cares about can be set, the others get one honest
 * default. Written from the layout of the format, apart from the code under test.
 */

/** 2012-02-14T23:10:11.000Z, in nanoseconds since 1970. */
export const START = 1_329_261_011_000_000_000n;

export interface TransceiverFields {
  channelId?: string;
  beamType?: number;
  frequency?: number;
  gain?: number;
  pulseLengths?: number[];
  gains?: number[];
  saCorrections?: number[];
  position?: [number, number, number];
}

export interface PingFields {
  /** nanoseconds since 1970 */
  time?: bigint;
  channel?: number;
  mode?: number;
  /** Recorded steps, one per sample. */
  power?: number[];
  /** Pairs [athwartship, alongship]; default: none unless the mode says so. */
  angles?: [number, number][];
  /** Declared number of samples when it differs from what is recorded. */
  count?: number;
  offset?: number;
  transducerDepth?: number;
  frequency?: number;
  transmitPower?: number;
  pulseLength?: number;
  bandwidth?: number;
  sampleInterval?: number;
  soundVelocity?: number;
  absorption?: number;
  heave?: number;
  roll?: number;
  pitch?: number;
  transmitMode?: number;
}

/** A datagram of any type: length, type, time, body, length. */
export function datagram(type: string, body: Uint8Array, time: bigint = START): Buffer {
  const length = 12 + body.length;
  const head = Buffer.alloc(16);
  head.writeInt32LE(length, 0);
  head.write(type, 4, 4, 'latin1');
  head.writeBigUInt64LE(BigInt.asUintN(64, time / 100n + 116_444_736_000_000_000n), 8);
  const tail = Buffer.alloc(4);
  tail.writeInt32LE(length, 0);
  return Buffer.concat([head, body, tail]);
}

/** CON0. @param declared number of transceivers in the header when it shall differ from what follows */
export function configuration(transceivers: TransceiverFields[] = [{}], declared = transceivers.length): Buffer {
  const header = Buffer.alloc(516);
  header.write('GENERATED', 0, 'latin1');
  header.write('T1', 128, 'latin1');
  header.write('ER60', 256, 'latin1');
  header.write('2.2.1', 384, 'latin1');
  header.writeInt32LE(declared, 512);
  return datagram('CON0', Buffer.concat([header, ...transceivers.map(transceiver)]));
}

function transceiver(fields: TransceiverFields, index: number): Buffer {
  const body = Buffer.alloc(320);
  const floats = (at: number, values: number[]) => values.forEach((value, n) => body.writeFloatLE(value, at + 4 * n));
  body.write(fields.channelId ?? `GPT ${38 + index} kHz`, 0, 128, 'latin1');
  body.writeInt32LE(fields.beamType ?? 1, 128);
  floats(132, [fields.frequency ?? 38000, fields.gain ?? 22.5, -20.5, 7.25, 7.5, 21.5, 22.75, 0.25, -0.125]);
  floats(168, fields.position ?? [1, 2, 3]);
  floats(180, [0, 0, 1]);
  floats(192, fields.pulseLengths ?? [0.25, 0.5, 1, 2, 4]);
  floats(220, fields.gains ?? [20, 21, 22, 23, 24]);
  floats(248, fields.saCorrections ?? [0, -0.25, -0.5, -0.75, -1]);
  body.write('070413', 276, 'latin1');
  return body;
}

/** RAW0 */
export function ping(fields: PingFields = {}): Buffer {
  const angles = fields.angles ?? [];
  const power = fields.power ?? (fields.mode === 2 ? [] : [-6000, -7000, -8000]);
  const mode = fields.mode ?? (angles.length > 0 ? 3 : 1);
  const header = Buffer.alloc(72);
  header.writeInt16LE(fields.channel ?? 1, 0);
  header.writeInt16LE(mode, 2);
  [
    fields.transducerDepth ?? 5.5,
    fields.frequency ?? 38000,
    fields.transmitPower ?? 2000,
    fields.pulseLength ?? 0.0009765625,
    fields.bandwidth ?? 2425,
    fields.sampleInterval ?? 0.000244140625,
    fields.soundVelocity ?? 1480.5,
    fields.absorption ?? 0.0078125,
    fields.heave ?? 0.25,
    fields.roll ?? 1.5,
    fields.pitch ?? -2.5,
    4,
    90,
  ].forEach((value, n) => header.writeFloatLE(value, 4 + 4 * n));
  header.writeInt16LE(fields.transmitMode ?? 0, 56);
  header.writeInt32LE(fields.offset ?? 0, 64);
  header.writeInt32LE(fields.count ?? Math.max(power.length, angles.length), 68);
  const steps = Buffer.alloc(mode & 1 ? 2 * power.length : 0);
  if (mode & 1) power.forEach((value, n) => steps.writeInt16LE(value, 2 * n));
  const pairs = Buffer.from(Int8Array.from(mode & 2 ? angles.flat() : []).buffer);
  return datagram('RAW0', Buffer.concat([header, steps, pairs]), fields.time ?? START);
}

/** NME0 */
export function nmea(sentence: string, time: bigint = START): Buffer {
  return datagram('NME0', Buffer.from(`${sentence}\0\0`, 'latin1'), time);
}

/** TAG0 */
export function annotation(note: string, time: bigint = START): Buffer {
  return datagram('TAG0', Buffer.from(`${note}\0`, 'latin1'), time);
}
