import type { BackscatterRange } from './data-pass.js';
import type { RawIndex } from './raw-index.js';
import { isoTime } from './sonar-layout.js';

/** The output `summary`: what a recording holds, in numbers. */
export interface RecordingSummary {
  /** Of the converted file. */
  fileName: string;
  surveyName: string;
  pings: number;
  /** Samples of the longest ping. */
  rangeSamples: number;
  /** ISO 8601, UTC */
  firstPing: string;
  lastPing: string;
  /** Degrees, north and east positive; left out when the recording holds no position. */
  firstPosition?: { latitude: number; longitude: number };
  /** Number of datagrams by type. */
  datagrams: Record<string, number>;
  channels: {
    id: string;
    /** Hz */
    frequency: number;
    pings: number;
    /** dB; left out when the channel recorded no power. */
    backscatter?: BackscatterRange;
  }[];
}

/** Summarizes a recording. @param backscatter of each channel; nothing for one that recorded no power */
export function summarize(
  index: RawIndex,
  fileName: string,
  backscatter: readonly (BackscatterRange | undefined)[],
): RecordingSummary {
  const { firstPosition } = index;
  return {
    fileName,
    surveyName: index.configuration.surveyName,
    pings: index.pings,
    rangeSamples: index.samples,
    firstPing: isoTime(index.firstPing),
    lastPing: isoTime(index.lastPing),
    ...(firstPosition && {
      firstPosition: { latitude: firstPosition.latitude, longitude: firstPosition.longitude },
    }),
    datagrams: Object.fromEntries(index.datagrams),
    channels: index.channels.map(({ transceiver, pings }, lane) => ({
      id: transceiver.channelId,
      frequency: transceiver.frequency,
      pings,
      ...(backscatter[lane] && { backscatter: backscatter[lane] }),
    })),
  };
}
