import type { RawIndex } from './raw-index.js';
import type { Attributes } from './sonar-model.js';

/** Entries per chunk of variables with one number per ping or position. */
export const ROWS_PER_CHUNK = 1024;

/** Attributes of the coordinate that names the channels. */
export const CHANNEL: Attributes = { long_name: 'Vendor channel ID' };

/** Attributes of the frequency of each channel. */
export const FREQUENCY: Attributes = {
  long_name: 'Transducer frequency',
  standard_name: 'sound_frequency',
  units: 'Hz',
  valid_min: 0,
};

/** Attributes of a time coordinate; its values are int64 nanoseconds, exact to the sounder's 100 ns. */
export function time(longName: string): Attributes {
  return {
    long_name: longName,
    standard_name: 'time',
    axis: 'T',
    calendar: 'gregorian',
    units: 'nanoseconds since 1970-01-01T00:00:00+00:00',
  };
}

/** The names of the channels, in their order in the file. */
export function channelIds({ channels }: RawIndex): string[] {
  return channels.map(({ transceiver }) => transceiver.channelId);
}

/** Hz, by channel */
export function frequencies({ channels }: RawIndex): number[] {
  return channels.map(({ transceiver }) => transceiver.frequency);
}
