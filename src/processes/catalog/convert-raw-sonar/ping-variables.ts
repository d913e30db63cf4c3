import type { Ping } from './ek60-datagrams.js';
import type { GroupBuilder } from './group-builder.js';
import type { RawIndex } from './raw-index.js';
import type { Attributes, FloatValues } from './sonar-model.js';

/** dB per step of the recorded power: 10 log10(2) / 256. */
export const DECIBEL_PER_STEP = (10 * Math.log10(2)) / 256;

/** Samples of all channels that are held at a time; three variables of up to 8 bytes each. */
const CELLS_PER_BLOCK = 1024 * 1024;

/** Adds what every ping of a channel was sent and recorded with. */
export function addPings(builder: GroupBuilder): void {
  const perPing = (name: string, value: (ping: Ping) => number, attributes: Attributes) =>
    builder.add(name, 'float64', ['channel', 'ping_time'], { kind: 'channel', value }, attributes);

  perPing('sample_interval', (ping) => ping.sampleInterval, {
    long_name: 'Interval between recorded raw data samples',
    units: 's',
    valid_min: 0,
  });
  perPing('transmit_bandwidth', (ping) => ping.bandwidth, {
    long_name: 'Nominal bandwidth of transmitted pulse',
    units: 'Hz',
    valid_min: 0,
  });
  perPing('transmit_duration_nominal', (ping) => ping.pulseLength, {
    long_name: 'Nominal duration of transmitted pulse',
    units: 's',
    valid_min: 0,
  });
  perPing('transmit_power', (ping) => ping.transmitPower, {
    long_name: 'Nominal transmit power',
    units: 'W',
    valid_min: 0,
  });
  perPing('sample_time_offset', (ping) => ping.firstSample * ping.sampleInterval, {
    long_name: 'Time offset that is subtracted from the timestamp of each sample',
    units: 's',
  });
  builder
    .add(
      'data_type',
      'int8',
      ['channel', 'ping_time'],
      { kind: 'channel', value: (ping) => ping.dataType },
      {
        long_name: 'recorded data',
        flag_values: [0, 1, 2, 3],
        flag_meanings: ['nothing', 'power only', 'angle only', 'power and angle'],
      },
    )
    .add(
      'channel_mode',
      'float32',
      ['channel', 'ping_time'],
      { kind: 'channel', value: (ping) => ping.transmitMode },
      {
        long_name: 'Transceiver mode',
        flag_values: [-1, 0, 1, 2],
        flag_meanings: ['Unknown', 'Active', 'Passive', 'Test'],
      },
    );
}

/** Adds power and angles; a power-only recording has no angle variables. */
export function addSamples(builder: GroupBuilder, index: RawIndex): void {
  const pings = Math.max(1, Math.floor(CELLS_PER_BLOCK / (index.channels.length * index.samples)));
  const chunks = { channel: 1, ping_time: pings };
  const dimensions = ['channel', 'ping_time', 'range_sample'];
  builder.add(
    'backscatter_r',
    'float64',
    dimensions,
    { kind: 'samples', copy: copyPower },
    {
      long_name: 'Raw backscatter measurements (real part)',
      units: 'dB',
    },
    chunks,
  );
  if (!index.hasAngles) return;
  for (const [at, side] of ['athwartship', 'alongship'].entries()) {
    builder.add(
      `angle_${side}`,
      'float32',
      dimensions,
      { kind: 'samples', copy: copyAngles(at) },
      {
        long_name: `electrical ${side} angle`,
        comment: 'Whole steps of 180/128 electrical degrees; NaN where no angle was recorded.',
      },
      chunks,
    );
  }
}

function copyPower({ power }: Ping, target: FloatValues, at: number): void {
  for (let sample = 0; 2 * sample < power.length; sample += 1) {
    target[at + sample] = power.readInt16LE(2 * sample) * DECIBEL_PER_STEP;
  }
}

function copyAngles(side: number): (ping: Ping, target: FloatValues, at: number) => void {
  return ({ angles }, target, at) => {
    for (let sample = 0; 2 * sample < angles.length; sample += 1) {
      target[at + sample] = angles.readInt8(2 * sample + side);
    }
  };
}
