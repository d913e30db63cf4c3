import { beamGroup } from './beam-group.js';
import { CHANNEL, FREQUENCY, ROWS_PER_CHUNK, channelIds, frequencies, time } from './common-attributes.js';
import { GroupBuilder } from './group-builder.js';
import { annotationGroup, nmeaGroup, platformGroup } from './platform-groups.js';
import type { RawIndex } from './raw-index.js';
import type { Group } from './sonar-model.js';

/** What is said about the conversion itself. */
interface Origin {
  readonly fileName: string;
  readonly softwareName: string;
  readonly softwareVersion: string;
  readonly convertedAt: Date;
}

/**
 * The groups and variables of a converted file, for every writer: SONAR-netCDF4 1.0 with the names, dimensions and
 * units that the Python package echopype gives them, so that its users find what they know.
 */
export function sonarLayout(index: RawIndex, origin: Origin): Group[] {
  return [
    rootGroup(index),
    environmentGroup(index),
    platformGroup(index),
    nmeaGroup(index),
    ...(index.annotations > 0 ? [annotationGroup(index)] : []),
    provenanceGroup(origin),
    sonarGroup(index),
    beamGroup(index),
    vendorGroup(index),
  ];
}

function rootGroup({ configuration, created }: RawIndex): Group {
  return new GroupBuilder('/').build({
    conventions: 'CF-1.7, SONAR-netCDF4-1.0, ACDD-1.3',
    keywords: 'EK60',
    sonar_convention_authority: 'ICES',
    sonar_convention_name: 'SONAR-netCDF4',
    sonar_convention_version: '1.0',
    summary: '',
    title: '',
    date_created: isoTime(created),
    survey_name: configuration.surveyName,
    transect_name: configuration.transectName,
  });
}

function environmentGroup(index: RawIndex): Group {
  return new GroupBuilder('/Environment', {
    channel: { length: index.channels.length },
    time1: { length: index.pings, chunk: ROWS_PER_CHUNK },
  })
    .constant('channel', 'string', ['channel'], channelIds(index), CHANNEL)
    .add('time1', 'int64', ['time1'], { kind: 'ping', value: (ping) => ping.time }, time('Timestamp of each ping'))
    .numbers('frequency_nominal', ['channel'], frequencies(index), FREQUENCY)
    .add(
      'absorption_indicative',
      'float64',
      ['channel', 'time1'],
      { kind: 'channel', value: (ping) => ping.absorption },
      {
        long_name: 'Indicative acoustic absorption',
        units: 'dB/m',
        valid_min: 0,
      },
    )
    .add(
      'sound_speed_indicative',
      'float64',
      ['channel', 'time1'],
      { kind: 'channel', value: (ping) => ping.soundVelocity },
      {
        long_name: 'Indicative sound speed',
        standard_name: 'speed_of_sound_in_sea_water',
        units: 'm/s',
        valid_min: 0,
      },
    )
    .build();
}

function provenanceGroup({ fileName, softwareName, softwareVersion, convertedAt }: Origin): Group {
  return new GroupBuilder('/Provenance', { filenames: { length: 1 } })
    .constant('filenames', 'int64', ['filenames'], new BigInt64Array(1), {
      long_name: 'Index for data and metadata source filenames',
    })
    .constant('source_filenames', 'string', ['filenames'], [fileName], { long_name: 'Source filenames' })
    .build({
      conversion_software_name: softwareName,
      conversion_software_version: softwareVersion,
      conversion_time: convertedAt.toISOString(),
    });
}

function sonarGroup({ configuration }: RawIndex): Group {
  return new GroupBuilder('/Sonar', { beam_group: { length: 1 } })
    .constant('beam_group', 'string', ['beam_group'], ['Beam_group1'], { long_name: 'Beam group name' })
    .constant(
      'beam_group_descr',
      'string',
      ['beam_group'],
      ['uncalibrated backscatter power, split-beam angles where they were recorded, and what belongs to each channel'],
      { long_name: 'Beam group description' },
    )
    .build({
      sonar_manufacturer: 'Simrad',
      sonar_model: 'EK60',
      sonar_serial_number: '',
      sonar_software_name: configuration.sounderName,
      sonar_software_version: configuration.version,
      sonar_type: 'echosounder',
    });
}

function vendorGroup(index: RawIndex): Group {
  const transceivers = index.channels.map(({ transceiver }) => transceiver);
  const bins = 5;
  const table = ['channel', 'pulse_length_bin'];
  return new GroupBuilder('/Vendor_specific', {
    channel: { length: transceivers.length },
    pulse_length_bin: { length: bins },
  })
    .constant('channel', 'string', ['channel'], channelIds(index), CHANNEL)
    .constant(
      'pulse_length_bin',
      'int64',
      ['pulse_length_bin'],
      BigInt64Array.from({ length: bins }, (_, bin) => BigInt(bin)),
    )
    .numbers('frequency_nominal', ['channel'], frequencies(index), FREQUENCY)
    .numbers(
      'pulse_length',
      table,
      transceivers.flatMap(({ pulseLengths }) => pulseLengths),
      { units: 's' },
    )
    .numbers(
      'gain_correction',
      table,
      transceivers.flatMap(({ gains }) => gains),
      { units: 'dB' },
    )
    .numbers(
      'sa_correction',
      table,
      transceivers.flatMap(({ saCorrections }) => saCorrections),
      { units: 'dB' },
    )
    .build();
}

/** Nanoseconds since 1970 as ISO 8601 in UTC, to the millisecond. */
export function isoTime(nanoseconds: bigint): string {
  return new Date(Number(nanoseconds / 1_000_000n)).toISOString();
}
