import { CHANNEL, FREQUENCY, ROWS_PER_CHUNK, channelIds, frequencies, time } from './common-attributes.js';
import { GroupBuilder } from './group-builder.js';
import type { RawIndex } from './raw-index.js';
import type { Group } from './sonar-model.js';

/** Texts are longer than numbers, and of any length up to that of a datagram. */
const TEXTS_PER_CHUNK = 256;

/** Position, motion and where things are mounted. `time1` is that of the positions, `time2` that of the pings. */
export function platformGroup(index: RawIndex): Group {
  const transceivers = index.channels.map(({ transceiver }) => transceiver);
  const builder = new GroupBuilder('/Platform', {
    time1: { length: index.positions, chunk: ROWS_PER_CHUNK },
    time2: { length: index.pings, chunk: ROWS_PER_CHUNK },
    channel: { length: transceivers.length },
  })
    .constant('channel', 'string', ['channel'], channelIds(index), CHANNEL)
    .add(
      'time1',
      'int64',
      ['time1'],
      { kind: 'position', value: (position) => position.time },
      time('Timestamps of NMEA positions'),
    )
    .add(
      'time2',
      'int64',
      ['time2'],
      { kind: 'ping', value: (ping) => ping.time },
      time('Timestamps of platform motion and orientation'),
    )
    .add(
      'latitude',
      'float64',
      ['time1'],
      { kind: 'position', value: (position) => position.latitude },
      {
        long_name: 'Platform latitude',
        standard_name: 'latitude',
        units: 'degrees_north',
        valid_range: [-90, 90],
      },
    )
    .add(
      'longitude',
      'float64',
      ['time1'],
      { kind: 'position', value: (position) => position.longitude },
      {
        long_name: 'Platform longitude',
        standard_name: 'longitude',
        units: 'degrees_east',
        valid_range: [-180, 180],
      },
    )
    .add(
      'sentence_type',
      'string',
      ['time1'],
      { kind: 'position', value: (position) => position.sentence },
      {
        long_name: 'NMEA sentence type',
      },
    )
    .add(
      'pitch',
      'float64',
      ['time2'],
      { kind: 'ping', value: (ping) => ping.pitch },
      {
        long_name: 'Platform pitch',
        standard_name: 'platform_pitch_angle',
        units: 'arc_degree',
        valid_range: [-90, 90],
      },
    )
    .add(
      'roll',
      'float64',
      ['time2'],
      { kind: 'ping', value: (ping) => ping.roll },
      {
        long_name: 'Platform roll',
        standard_name: 'platform_roll_angle',
        units: 'arc_degree',
        valid_range: [-90, 90],
      },
    )
    .add(
      'vertical_offset',
      'float64',
      ['time2'],
      { kind: 'ping', value: (ping) => ping.heave },
      {
        long_name: 'Platform vertical offset from nominal water level',
        units: 'm',
      },
    )
    .numbers('water_level', [], [index.transducerDepth], {
      long_name: 'Distance from the platform origin to the nominal water level along the z-axis',
      comment: 'The transducer depth of the first ping.',
      units: 'm',
    })
    .numbers('frequency_nominal', ['channel'], frequencies(index), FREQUENCY);
  for (const [axis, name] of ['x', 'y', 'z'].entries()) {
    builder
      .numbers(
        `transducer_offset_${name}`,
        ['channel'],
        transceivers.map(({ position }) => position[axis]),
        {
          long_name: `${name}-axis distance from the platform origin to the transducer`,
          units: 'm',
        },
      )
      .numbers(`MRU_offset_${name}`, [], [NaN], { long_name: `${name}-axis distance to the motion sensor`, units: 'm' })
      .numbers(`MRU_rotation_${name}`, [], [NaN], {
        long_name: `Rotation about the ${name}-axis from the platform to the motion sensor`,
        units: 'arc_degree',
      })
      .numbers(`position_offset_${name}`, [], [NaN], {
        long_name: `${name}-axis distance to the position sensor`,
        units: 'm',
      });
  }
  return builder.build({ platform_name: '', platform_type: '', platform_code_ICES: '' });
}

/** Every NMEA sentence as it was recorded. */
export function nmeaGroup({ nmeaSentences }: RawIndex): Group {
  return new GroupBuilder('/Platform/NMEA', { nmea_time: { length: nmeaSentences, chunk: TEXTS_PER_CHUNK } })
    .add(
      'nmea_time',
      'int64',
      ['nmea_time'],
      { kind: 'nmea', value: (sentence) => sentence.time },
      time('Timestamps of NMEA sentences'),
    )
    .add(
      'NMEA_datagram',
      'string',
      ['nmea_time'],
      { kind: 'nmea', value: (sentence) => sentence.text },
      {
        long_name: 'NMEA sentence',
      },
    )
    .build({ description: 'All NMEA sentences' });
}

/** What the operator noted (TAG0), as the Annotation group of SONAR-netCDF4. */
export function annotationGroup({ annotations }: RawIndex): Group {
  return new GroupBuilder('/Annotation', { time: { length: annotations, chunk: TEXTS_PER_CHUNK } })
    .add(
      'time',
      'int64',
      ['time'],
      { kind: 'annotation', value: (annotation) => annotation.time },
      time('Timestamps of annotations'),
    )
    .add(
      'annotation_text',
      'string',
      ['time'],
      { kind: 'annotation', value: (annotation) => annotation.text },
      {
        long_name: 'Annotation text',
      },
    )
    .build();
}
