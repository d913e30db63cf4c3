import { malformed } from './datagram-reader.js';
import type { Datagram } from './datagram-reader.js';

/** One transceiver of the configuration; angles in degrees, gains in dB, lengths in m, durations in s. */
export interface Transceiver {
  readonly channelId: string;
  /** 0 single beam, 1 split beam */
  readonly beamType: number;
  /** Hz */
  readonly frequency: number;
  readonly gain: number;
  /** dB re 1 sr */
  readonly equivalentBeamAngle: number;
  readonly beamwidthAlongship: number;
  readonly beamwidthAthwartship: number;
  readonly angleSensitivityAlongship: number;
  readonly angleSensitivityAthwartship: number;
  readonly angleOffsetAlongship: number;
  readonly angleOffsetAthwartship: number;
  readonly position: readonly [x: number, y: number, z: number];
  readonly direction: readonly [x: number, y: number, z: number];
  /** One entry per pulse length that the transceiver offers, as in the two tables below. */
  readonly pulseLengths: readonly number[];
  readonly gains: readonly number[];
  readonly saCorrections: readonly number[];
  readonly gptSoftwareVersion: string;
}

/** What CON0 says. */
export interface Configuration {
  readonly surveyName: string;
  readonly transectName: string;
  readonly sounderName: string;
  readonly version: string;
  readonly transceivers: readonly Transceiver[];
}

/** What RAW0 says: one ping of one channel. */
export interface Ping {
  readonly time: bigint;
  /** 1 for the first transceiver of CON0 */
  readonly channel: number;
  /** 1 power, 2 angles, 3 both */
  readonly dataType: number;
  /** m */
  readonly transducerDepth: number;
  /** W */
  readonly transmitPower: number;
  /** s */
  readonly pulseLength: number;
  /** Hz */
  readonly bandwidth: number;
  /** s */
  readonly sampleInterval: number;
  /** m/s */
  readonly soundVelocity: number;
  /** dB/m */
  readonly absorption: number;
  /** m */
  readonly heave: number;
  /** degrees */
  readonly roll: number;
  /** degrees */
  readonly pitch: number;
  /** 0 active, 1 passive, 2 test, -1 unknown */
  readonly transmitMode: number;
  /** Number of samples that were left out before the first one. */
  readonly firstSample: number;
  readonly sampleCount: number;
  /** int16 per sample, little-endian; empty when no power was recorded. Valid until the next datagram is read. */
  readonly power: Buffer;
  /** Two int8 per sample, athwartship then alongship; empty when no angles were recorded. Valid as `power`. */
  readonly angles: Buffer;
}

/** More than any EK60 has; bounds what one ping may need. */
const MAX_TRANSCEIVERS = 64;
/** About the longest range at the shortest sample interval. */
export const MAX_SAMPLES = 1024 * 1024;
/** Longest NMEA sentence or annotation. */
export const MAX_TEXT_BYTES = 16 * 1024;

const CONFIGURATION_BYTES = 516;
const TRANSCEIVER_BYTES = 320;
const PING_BYTES = 72;
const POWER = 1;
const ANGLES = 2;

/** @throws ProcessRejection when the body does not hold the transceivers it declares */
export function decodeConfiguration({ body, offset }: Datagram): Configuration {
  if (body.length < CONFIGURATION_BYTES) throw malformed(offset, 'the CON0 datagram is shorter than its header.');
  const count = body.readInt32LE(CONFIGURATION_BYTES - 4);
  if (count < 1 || count > MAX_TRANSCEIVERS) {
    throw malformed(offset, `CON0 declares ${count} transceivers; 1 to ${MAX_TRANSCEIVERS} are supported.`);
  }
  if (body.length < CONFIGURATION_BYTES + count * TRANSCEIVER_BYTES) {
    throw malformed(offset, `CON0 declares ${count} transceivers, but its ${body.length} bytes do not hold them.`);
  }
  return {
    surveyName: text(body, 0, 128),
    transectName: text(body, 128, 128),
    sounderName: text(body, 256, 128),
    version: text(body, 384, 30),
    transceivers: Array.from({ length: count }, (_, index) => {
      const transceiver = decodeTransceiver(body.subarray(CONFIGURATION_BYTES + index * TRANSCEIVER_BYTES));
      if (!(transceiver.frequency > 0 && Number.isFinite(transceiver.frequency))) {
        throw malformed(offset, `CON0 gives transceiver ${index + 1} no frequency.`);
      }
      return { ...transceiver, channelId: transceiver.channelId || `channel ${index + 1}` };
    }),
  };
}

function decodeTransceiver(bytes: Buffer): Transceiver {
  const float = (at: number) => bytes.readFloatLE(at);
  const table = (at: number) => Array.from({ length: 5 }, (_, index) => float(at + 4 * index));
  return {
    channelId: text(bytes, 0, 128),
    beamType: bytes.readInt32LE(128),
    frequency: float(132),
    gain: float(136),
    equivalentBeamAngle: float(140),
    beamwidthAlongship: float(144),
    beamwidthAthwartship: float(148),
    angleSensitivityAlongship: float(152),
    angleSensitivityAthwartship: float(156),
    angleOffsetAlongship: float(160),
    angleOffsetAthwartship: float(164),
    position: [float(168), float(172), float(176)],
    direction: [float(180), float(184), float(188)],
    pulseLengths: table(192),
    gains: table(220),
    saCorrections: table(248),
    gptSoftwareVersion: text(bytes, 276, 16),
  };
}

/**
 * @param transceivers how many CON0 declared
 * @throws ProcessRejection when the channel is unknown, or the body is too short for the samples it declares
 */
export function decodePing({ body, offset, time }: Datagram, transceivers: number): Ping {
  if (body.length < PING_BYTES) throw malformed(offset, 'a RAW0 datagram is shorter than its header.');
  const channel = body.readInt16LE(0);
  if (channel < 1 || channel > transceivers) {
    throw malformed(offset, `a RAW0 datagram is of channel ${channel}, but CON0 declares 1 to ${transceivers}.`);
  }
  const dataType = body.readInt16LE(2);
  if ((dataType & ~(POWER | ANGLES)) !== 0) {
    throw malformed(offset, `a RAW0 datagram has the mode ${dataType}; 1 (power), 2 (angles) and 3 are supported.`);
  }
  const sampleCount = body.readInt32LE(68);
  if (sampleCount < 0 || sampleCount > MAX_SAMPLES) {
    throw malformed(offset, `a RAW0 datagram declares ${sampleCount} samples; 0 to ${MAX_SAMPLES} are supported.`);
  }
  const powerBytes = dataType & POWER ? 2 * sampleCount : 0;
  const angleBytes = dataType & ANGLES ? 2 * sampleCount : 0;
  if (PING_BYTES + powerBytes + angleBytes > body.length) {
    throw malformed(
      offset,
      `a RAW0 datagram declares ${sampleCount} samples, but its ${body.length} bytes hold fewer.`,
    );
  }
  const float = (at: number) => body.readFloatLE(at);
  return {
    time,
    channel,
    dataType,
    transducerDepth: float(4),
    transmitPower: float(12),
    pulseLength: float(16),
    bandwidth: float(20),
    sampleInterval: float(24),
    soundVelocity: float(28),
    absorption: float(32),
    heave: float(36),
    roll: float(40),
    pitch: float(44),
    transmitMode: body.readInt16LE(56),
    firstSample: body.readInt32LE(64),
    sampleCount,
    power: body.subarray(PING_BYTES, PING_BYTES + powerBytes),
    angles: body.subarray(PING_BYTES + powerBytes, PING_BYTES + powerBytes + angleBytes),
  };
}

/** The text of an NME0 or TAG0 datagram. @throws ProcessRejection when it is longer than {@link MAX_TEXT_BYTES} */
export function decodeText({ body, offset, type }: Datagram): string {
  if (body.length > MAX_TEXT_BYTES) {
    throw malformed(offset, `a ${type} datagram holds ${body.length} bytes; at most ${MAX_TEXT_BYTES} are supported.`);
  }
  return text(body, 0, body.length);
}

/** A text that ends at the first zero byte. Simrad software writes Windows code page 1252. */
function text(bytes: Buffer, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return windows1252.decode(end < 0 ? field : field.subarray(0, end)).trimEnd();
}

const windows1252 = new TextDecoder('windows-1252');
