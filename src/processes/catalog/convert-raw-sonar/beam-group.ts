import { CHANNEL, FREQUENCY, ROWS_PER_CHUNK, channelIds, frequencies, time } from './common-attributes.js';
import { GroupBuilder } from './group-builder.js';
import type { Transceiver } from './ek60-datagrams.js';
import { addPings, addSamples } from './ping-variables.js';
import type { RawIndex } from './raw-index.js';
import type { Attributes, Group } from './sonar-model.js';

/** Samples, transmit parameters and the beams: `Sonar/Beam_group1`. */
export function beamGroup(index: RawIndex): Group {
  const builder = new GroupBuilder('/Sonar/Beam_group1', {
    channel: { length: index.channels.length },
    ping_time: { length: index.pings, chunk: ROWS_PER_CHUNK },
    range_sample: { length: index.samples },
  })
    .constant('channel', 'string', ['channel'], channelIds(index), CHANNEL)
    .add(
      'ping_time',
      'int64',
      ['ping_time'],
      { kind: 'ping', value: (ping) => ping.time },
      time('Timestamp of each ping'),
    )
    .constant(
      'range_sample',
      'int64',
      ['range_sample'],
      BigInt64Array.from({ length: index.samples }, (_, at) => BigInt(at)),
      {
        long_name: 'Along-range sample number, base 0',
      },
    )
    .numbers('frequency_nominal', ['channel'], frequencies(index), FREQUENCY);
  addBeams(builder, index);
  addPings(builder);
  addSamples(builder, index);
  return builder.build({ beam_mode: 'vertical', conversion_equation_t: 'type_3' });
}

function addBeams(builder: GroupBuilder, index: RawIndex): void {
  const transceivers = index.channels.map(({ transceiver }) => transceiver);
  const perChannel = (name: string, value: (transceiver: Transceiver) => number, attributes: Attributes) =>
    builder.numbers(name, ['channel'], transceivers.map(value), attributes);
  const degrees = { units: 'arc_degree' };

  builder.constant(
    'beam_type',
    'int64',
    ['channel'],
    BigInt64Array.from(transceivers, ({ beamType }) => BigInt(beamType)),
    {
      long_name: 'type of transducer (0-single, 1-split)',
    },
  );
  perChannel('beamwidth_twoway_alongship', (one) => one.beamwidthAlongship, {
    long_name: 'Half power two-way beam width along alongship axis of beam',
    ...degrees,
    valid_range: [0, 360],
  });
  perChannel('beamwidth_twoway_athwartship', (one) => one.beamwidthAthwartship, {
    long_name: 'Half power two-way beam width along athwartship axis of beam',
    ...degrees,
    valid_range: [0, 360],
  });
  for (const [axis, name] of ['x', 'y', 'z'].entries()) {
    perChannel(`beam_direction_${name}`, ({ direction }) => (direction.some(Boolean) ? direction[axis] : NaN), {
      long_name: `${name}-component of the pointing direction of the beam; NaN when it was not configured`,
      units: '1',
      valid_range: [-1, 1],
    });
  }
  perChannel('angle_offset_alongship', (one) => one.angleOffsetAlongship, {
    long_name: 'electrical alongship angle offset',
  });
  perChannel('angle_offset_athwartship', (one) => one.angleOffsetAthwartship, {
    long_name: 'electrical athwartship angle offset',
  });
  perChannel('angle_sensitivity_alongship', (one) => one.angleSensitivityAlongship, {
    long_name: 'alongship angle sensitivity of the transducer',
  });
  perChannel('angle_sensitivity_athwartship', (one) => one.angleSensitivityAthwartship, {
    long_name: 'athwartship angle sensitivity of the transducer',
  });
  perChannel('equivalent_beam_angle', (one) => one.equivalentBeamAngle, {
    long_name: 'Equivalent beam angle',
    units: 'dB re 1 sr',
    comment: 'As the sounder records it: 10 log10 of the angle in sr.',
  });
  perChannel('gain_correction', (one) => one.gain, { long_name: 'Gain correction', units: 'dB' });
  for (const end of ['start', 'stop']) {
    perChannel(`transmit_frequency_${end}`, (one) => one.frequency, {
      long_name: `${end === 'start' ? 'Start' : 'Stop'} frequency in transmitted pulse`,
      standard_name: 'sound_frequency',
      units: 'Hz',
      valid_min: 0,
    });
  }
  builder
    .constant(
      'gpt_software_version',
      'string',
      ['channel'],
      transceivers.map((one) => one.gptSoftwareVersion),
    )
    .constant('transmit_type', 'string', [], ['CW'], {
      long_name: 'Type of transmitted pulse',
      flag_values: ['CW'],
      flag_meanings: ['Continuous Wave: a pulse nominally of one frequency'],
    })
    .constant('beam_stabilisation', 'int8', [], new Int8Array(1), {
      long_name: 'Beam stabilisation applied (or not)',
      flag_values: [0, 1],
      flag_meanings: ['not stabilised', 'stabilised'],
    })
    .constant('non_quantitative_processing', 'int16', [], new Int16Array(1), {
      long_name: 'Non-quantitative processing applied to the backscatter',
      flag_values: [0],
      flag_meanings: ['None'],
    });
}
