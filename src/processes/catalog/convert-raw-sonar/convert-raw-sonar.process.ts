import { existsSync } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Flow } from '../../decorators/flow.decorator.js';
import { Task } from '../../decorators/task.decorator.js';
import type { InputFile } from '../../input-file.js';
import type { JobContext } from '../../job-context.js';
import type { ProcessHandler } from '../../process-handler.js';
import { ProcessRejection } from '../../process-rejection.js';
import { ConvertRawSonarInputs, ConvertRawSonarOutputs, OUTPUT_TYPES } from './convert-raw-sonar.dto.js';
import type { OutputType } from './convert-raw-sonar.dto.js';
import { DataPass } from './data-pass.js';
import { NetcdfWriter } from './netcdf-writer.js';
import { indexRaw } from './raw-index.js';
import type { RawIndex } from './raw-index.js';
import { OutputPlace } from './output-place.js';
import { summarize } from './recording-summary.js';
import { sonarLayout } from './sonar-layout.js';
import type { SonarWriter } from './sonar-model.js';
import { readIndex, storeIndex, type StoredIndex } from './stored-index.js';
import { ZarrWriter } from './zarr-writer.js';

const VERSION = '1.0.0';
const SUPPORTED_MODELS = ['EK60'];
const EXTENSION: Readonly<Record<OutputType, string>> = { netcdf: '.nc', zarr: '.zarr.zip' };
/** Percent done when the file has been read once, and when it has been read twice. */
const CHECKED = 30;
const CONVERTED = 95;

/** What is to become of a recording. */
type Target = Pick<ConvertRawSonarInputs, 'outputType' | 'overwrite' | 'outputPath'>;

/**
 * Converts a Simrad EK60 recording to NetCDF-4 or Zarr after SONAR-netCDF4, in two tasks. The file is read twice: first
 * to check it and to learn the dimensions, then to write block by block; neither pass holds more than one block.
 */
@Flow({
  id: 'convert-raw-sonar',
  version: VERSION,
  title: 'Convert raw sonar data',
  description:
    'Converts a recording of a Simrad EK60 echosounder (.raw) to a NetCDF-4 file or to a Zarr store, following the ' +
    'SONAR-netCDF4 convention.',
  keywords: ['sonar', 'echosounder', 'EK60', 'NetCDF', 'Zarr', 'SONAR-netCDF4'],
  inputs: ConvertRawSonarInputs,
  outputs: ConvertRawSonarOutputs,
  writesWhereAsked: true,
})
export class ConvertRawSonar implements ProcessHandler<ConvertRawSonarInputs, ConvertRawSonarOutputs> {
  /** @throws ProcessRejection when the model is not supported, or the file is not a sound EK60 recording */
  async execute(inputs: ConvertRawSonarInputs, context: JobContext): Promise<ConvertRawSonarOutputs> {
    const { rawFile, sonarModel, outputType, overwrite, outputPath } = inputs;
    const index = await this.openRawFile(rawFile, sonarModel, context);
    return await this.saveConvertedFile(index, rawFile, { outputType, overwrite, outputPath }, context);
  }

  /** Reads the recording once. @returns what has to be known of it before anything is written */
  @Task({ name: 'open raw file' })
  async openRawFile(rawFile: InputFile, sonarModel: string, context: JobContext): Promise<StoredIndex> {
    refuseOtherModels(sonarModel);
    const onRead = reporter(context, 'Checking the recording', rawFile.size, 0, CHECKED);
    const index = await indexRaw(rawFile.path, context.signal, onRead);
    logFindings(index, context);
    return storeIndex(index);
  }

  /** Reads it again and writes the output `converted`, or the file at `outputPath`. */
  @Task({ name: 'save converted file' })
  async saveConvertedFile(
    stored: StoredIndex,
    rawFile: InputFile,
    { outputType, overwrite, outputPath }: Target,
    context: JobContext,
  ): Promise<ConvertRawSonarOutputs> {
    const index = readIndex(stored);
    const name = `${nameOf(rawFile).replace(/\.raw$/i, '')}${EXTENSION[outputType]}`;
    const place = outputPath === undefined ? undefined : OutputPlace.of(outputPath, name, context);
    // A step, so that what an interrupted attempt has stored is not taken for an earlier file.
    if (place && !overwrite && (await context.run('look for an earlier file', () => place.isTaken()))) {
      return leftAlone(place, index, context);
    }
    const fileName = place?.fileName ?? name;
    const path = join(await context.workDirectory(), name);
    if (!overwrite && existsSync(path)) {
      throw new ProcessRejection(`The result ${fileName} exists already; set overwrite to replace it.`, 'overwrite');
    }
    // Only a complete file gets the final name: a leftover of an interrupted attempt must not count as a result.
    const partial = `${path}.partial`;
    const backscatter = await write(index, rawFile, outputType, partial, context);
    await rename(partial, path);
    context.logger.info(`Converted to ${fileName}.`, { bytes: (await stat(path)).size });
    const mediaType = OUTPUT_TYPES[outputType];
    if (place === undefined) await context.outputs.file('converted', path, { mediaType });
    else if (!(await place.store(path, mediaType, overwrite))) {
      const writers = 'by an interrupted attempt or by another job';
      context.logger.warn(`${place.location} was written meanwhile, ${writers}, and is not overwritten.`);
    }
    context.progress(100, 'Converted');
    return { summary: summarize(index, fileName, backscatter), ...(place && { location: place.location }) };
  }
}

/** Leaves what is at the place already as it is. */
function leftAlone(place: OutputPlace, index: RawIndex, context: JobContext): ConvertRawSonarOutputs {
  context.logger.warn(`${place.location} exists already and is not overwritten.`);
  return { summary: summarize(index, place.fileName, []), location: place.location };
}

async function write(index: RawIndex, rawFile: InputFile, outputType: OutputType, path: string, context: JobContext) {
  const groups = sonarLayout(index, {
    fileName: nameOf(rawFile),
    softwareName: 'sluice convert-raw-sonar',
    softwareVersion: VERSION,
    convertedAt: new Date(),
  });
  const writer: SonarWriter =
    outputType === 'zarr' ? await ZarrWriter.open(path, context.signal) : await NetcdfWriter.open(path);
  try {
    await writer.create(groups);
    const pass = new DataPass(groups, index, writer, context.signal);
    await pass.run(rawFile.path, reporter(context, 'Converting the recording', rawFile.size, CHECKED, CONVERTED));
    await writer.finish();
    return pass.backscatter();
  } finally {
    await writer.dispose();
  }
}

/** The name that the recording came with; bytes in a request have none. */
function nameOf({ name, path }: InputFile): string {
  return basename(name ?? path);
}

function logFindings(index: RawIndex, { logger }: JobContext): void {
  logger.info(`Found ${index.pings} pings of ${index.channels.length} channels.`, {
    datagrams: Object.fromEntries(index.datagrams),
    rangeSamples: index.samples,
    channels: index.channels.map(({ transceiver }) => transceiver.channelId),
  });
  const silent = index.configuration.transceivers.length - index.channels.length;
  if (silent > 0) logger.warn(`Left out ${silent} configured channels that recorded no ping.`);
  const known = ['CON0', 'RAW0', 'NME0', 'TAG0'];
  const skipped = [...index.datagrams].filter(([type]) => !known.includes(type));
  if (skipped.length > 0) logger.warn('Skipped datagrams of other types.', Object.fromEntries(skipped));
}

function refuseOtherModels(model: string): void {
  if (SUPPORTED_MODELS.includes(model.toUpperCase())) return;
  throw new ProcessRejection(
    `The sonar model "${model}" is not supported; supported: ${SUPPORTED_MODELS.join(', ')}.`,
    'sonarModel',
  );
}

/** Turns bytes read into percent between two marks, reported once per whole percent. */
function reporter(context: JobContext, message: string, size: number, from: number, to: number) {
  let last = -1;
  return (bytes: number) => {
    const percent = Math.floor(from + (bytes / Math.max(1, size)) * (to - from));
    if (percent === last) return;
    last = percent;
    context.progress(percent, message);
  };
}
