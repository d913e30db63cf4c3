import { describe, expect, it } from '@jest/globals';
import { CompiledProcess } from '../../compiled-process.js';
import { processOptionsOf } from '../../decorators/process.decorator.js';
import { FaultCollector } from '../../definition/invalid-process.error.js';
import { readProcessDefinition } from '../../definition/process-definition.js';
import { InputFile } from '../../input-file.js';
import { ConvertRawSonar } from './convert-raw-sonar.process.js';
import type { RecordingSummary } from './recording-summary.js';

const faults = new FaultCollector(() => 'ConvertRawSonar');
const { definition } = readProcessDefinition(processOptionsOf(ConvertRawSonar)!, faults);
const compiled = CompiledProcess.compile(definition!, new ConvertRawSonar(), faults)!;
const rawFile = new InputFile('/nowhere/cruise.raw', 1, 'application/octet-stream');

describe('the description of convert-raw-sonar', () => {
  it('has no faults and names its inputs and outputs', () => {
    expect(faults.faults).toEqual([]);
    const { inputs, outputs } = compiled.description;
    expect(Object.keys(inputs)).toEqual(['rawFile', 'outputType', 'overwrite', 'outputPath', 'sonarModel']);
    expect(inputs.rawFile).toMatchObject({
      schema: { type: 'string', contentEncoding: 'base64', contentMediaType: 'application/octet-stream' },
    });
    expect(inputs.rawFile.minOccurs ?? 1).toBe(1);
    expect(inputs.outputType).toMatchObject({ minOccurs: 0, schema: { enum: ['netcdf', 'zarr'], default: 'netcdf' } });
    expect(inputs.overwrite).toMatchObject({ minOccurs: 0, schema: { type: 'boolean', default: false } });
    expect(inputs.sonarModel).toMatchObject({ minOccurs: 0, schema: { type: 'string', default: 'EK60' } });
    expect(outputs.converted.schema.oneOf!.map(({ contentMediaType }) => contentMediaType)).toEqual([
      'application/x-netcdf',
      'application/zip',
    ]);
  });

  it('fills in the defaults', async () => {
    const values: Record<string, unknown> = { rawFile };
    expect(await compiled.validateInputs(values)).toEqual([]);
    expect(compiled.reviveInputs(values)).toMatchObject({
      rawFile,
      outputType: 'netcdf',
      overwrite: false,
      sonarModel: 'EK60',
    });
  });

  it.each([
    ['/inputs/rawFile', {}],
    ['/inputs/outputType', { rawFile, outputType: 'csv' }],
    ['/inputs/overwrite', { rawFile, overwrite: 'yes' }],
    ['/inputs/sonarModel', { rawFile, sonarModel: 7 }],
    ['/inputs/outputPath', { rawFile, outputPath: '' }],
    ['/inputs/outputPath', { rawFile, outputPath: 's3://bucket/cruise.nc' }],
    ['/inputs/outputPath', { rawFile, outputPath: 'block:s3' }],
    ['/inputs/outputPath', { rawFile, outputPath: 'block:../etc/cruise.nc' }],
  ])('points at %s when it is wrong', async (pointer, values) => {
    expect(await compiled.validateInputs(values)).toContainEqual(expect.objectContaining({ pointer }));
  });

  it('accepts a summary with and without what a recording may lack', () => {
    const summary: RecordingSummary = {
      fileName: 'cruise.nc',
      surveyName: '',
      pings: 1,
      rangeSamples: 3,
      firstPing: '2012-02-14T23:10:11.000Z',
      lastPing: '2012-02-14T23:10:11.000Z',
      datagrams: { CON0: 1, RAW0: 1 },
      channels: [{ id: 'GPT 38', frequency: 38000, pings: 1 }],
    };
    const written = new Set(['converted']);
    expect(compiled.validateOutputs({ summary }, written)).toEqual([]);
    const full: RecordingSummary = {
      ...summary,
      firstPosition: { latitude: 1, longitude: 2 },
      channels: [{ ...summary.channels[0], backscatter: { minimum: -1, maximum: 1, mean: 0 } }],
    };
    expect(compiled.validateOutputs({ summary: full }, written)).toEqual([]);
    expect(compiled.validateOutputs({ summary: { ...full, pings: 'many' } }, written)).not.toEqual([]);
  });
});
