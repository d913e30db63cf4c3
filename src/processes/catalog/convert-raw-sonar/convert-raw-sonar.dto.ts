import { IsBoolean, IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { Input } from '../../decorators/input.decorator.js';
import { Output } from '../../decorators/output.decorator.js';
import type { InputFile } from '../../input-file.js';
import type { OgcSchema } from '../../process-description.js';
import { EXAMPLE_RECORDING } from './example-recording.js';
import { OUTPUT_PATH } from './output-place.js';
import type { RecordingSummary } from './recording-summary.js';

/** Formats of the output, and their media types. */
export const OUTPUT_TYPES = { netcdf: 'application/x-netcdf', zarr: 'application/zip' } as const;

/** The formats of the result, by the name that the input `outputType` takes. */
export type OutputType = keyof typeof OUTPUT_TYPES;

/** The inputs of `convert-raw-sonar`. */
export class ConvertRawSonarInputs {
  @Input({
    title: 'Raw file',
    description: 'A recording of a Simrad EK60 echosounder (.raw)',
    mediaType: 'application/octet-stream',
    encoding: 'base64',
    schema: { example: EXAMPLE_RECORDING },
  })
  rawFile!: InputFile;

  @Input({
    title: 'Output type',
    description: 'netcdf: a NetCDF-4 file; zarr: a zip of a Zarr version 3 store',
  })
  @IsOptional()
  @IsIn(Object.keys(OUTPUT_TYPES))
  outputType: OutputType = 'netcdf';

  @Input({
    title: 'Overwrite',
    description:
      'Whether a file that is at outputPath already is replaced. If not, it is left alone: nothing is converted, the ' +
      'log of the job warns of it, and the output location says where it is. Without outputPath every execution writes ' +
      'to a place of its own.',
  })
  @IsOptional()
  @IsBoolean()
  overwrite: boolean = false;

  @Input({
    title: 'Output path',
    description:
      'Where the converted file is written instead of becoming the output converted: block:<type>/<name>/<key> for a ' +
      'storage block that allows outputs, or a key in the place that the process has in the storage of the job. A path ' +
      'that ends with a slash is completed with the name of the recording and .nc or .zarr.zip. The file stays when the ' +
      'job is removed.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  @Matches(OUTPUT_PATH)
  outputPath?: string;

  @Input({ title: 'Sonar model', description: 'The model that made the recording; EK60 is supported' })
  @IsOptional()
  @IsString()
  @MaxLength(50)
  sonarModel: string = 'EK60';
}

const number: OgcSchema = { type: 'number' };
const integer: OgcSchema = { type: 'integer' };
const text: OgcSchema = { type: 'string' };
const time: OgcSchema = { type: 'string', format: 'date-time' };

function object(properties: Record<string, OgcSchema>, optional: readonly string[] = []): OgcSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', required, properties };
}

const SUMMARY_SCHEMA: OgcSchema = object(
  {
    fileName: text,
    surveyName: text,
    pings: integer,
    rangeSamples: integer,
    firstPing: time,
    lastPing: time,
    firstPosition: object({ latitude: number, longitude: number }),
    datagrams: { type: 'object', additionalProperties: integer },
    channels: {
      type: 'array',
      items: object(
        {
          id: text,
          frequency: { type: 'number', description: 'Hz' },
          pings: integer,
          backscatter: {
            ...object({ minimum: number, maximum: number, mean: number }),
            description: 'Of backscatter_r, in dB; the mean is that of the dB values',
          },
        },
        ['backscatter'],
      ),
    },
  },
  ['firstPosition'],
);

/** The outputs of `convert-raw-sonar`. */
export class ConvertRawSonarOutputs {
  @Output({
    title: 'Converted recording',
    description:
      'Groups and variables of SONAR-netCDF4, named as the Python package echopype names them; not with an outputPath',
    optional: true,
    schema: {
      oneOf: Object.values(OUTPUT_TYPES).map((contentMediaType) => ({
        type: 'string',
        contentEncoding: 'base64',
        contentMediaType,
      })),
    },
  })
  converted?: Uint8Array;

  @Output({
    title: 'Location',
    description: 'Where the converted file is, in the form of outputPath; only with an outputPath',
    optional: true,
    schema: { type: 'string' },
  })
  location?: string;

  @Output({ title: 'Summary', description: 'What the recording holds, in numbers', schema: SUMMARY_SCHEMA })
  summary!: RecordingSummary;
}
