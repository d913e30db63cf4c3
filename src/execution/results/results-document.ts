import { readFile } from 'node:fs/promises';
import { isJsonObject } from '../../ogc/json-object.js';
import { LinkRelation } from '../../ogc/links/link-relation.js';
import { essence, isJsonType, isTextType, MediaType } from '../../ogc/media-type.js';
import { alternativesOf } from '../schema-alternatives.js';
import { bareOutput } from './bare-output.js';
import type { Content, ContentPiece, FileSlice } from './content.js';
import { contentLength, requireFiles } from './content.js';
import type { PlannedOutput } from './results-plan.js';

/** Files of JSON or text up to this size are put into a document as such; larger ones, and other bytes, as base64. */
const LARGEST_TEXT = 16 * 1024 * 1024;

interface DocumentOptions {
  readonly urlOf?: (outputId: string) => string;
  /** Bytes up to which an output whose transmission goes by size is put into the document. */
  readonly inlineLimit: number;
}

/**
 * Writes results.yaml: by output id a value, a qualified value or a link. Files larger than memory should hold pass
 * through as slices.
 */
export async function resultsDocument(outputs: readonly PlannedOutput[], options: DocumentOptions): Promise<Content> {
  const pieces: ContentPiece[] = ['{'];
  for (const [index, planned] of outputs.entries()) {
    pieces.push(`${index === 0 ? '' : ','}${JSON.stringify(planned.output.id)}:`, ...(await entry(planned, options)));
  }
  return [...pieces, '}'];
}

async function entry(planned: PlannedOutput, { urlOf, inlineLimit }: DocumentOptions): Promise<Content> {
  const { output, transmission } = planned;
  if (urlOf !== undefined && transmission === 'reference') return [link(planned, urlOf)];
  if (planned.encoding !== undefined) {
    const [content] = bareOutput(output, planned.format, planned.encoding).content;
    const isLarge = urlOf !== undefined && transmission === 'size' && contentLength([content]) > inlineLimit;
    if (isLarge) return [link(planned, urlOf)];
    const { mediaType } = output.kind === 'file' ? output : planned.format;
    return ['{"value":"', content, `","encoding":"base64","mediaType":${JSON.stringify(mediaType)}}`];
  }
  const limit = urlOf !== undefined && transmission === 'size' ? inlineLimit : Infinity;
  if (output.kind === 'file') {
    return output.size > limit ? [link(planned, urlOf!)] : fileEntry(output.path, output.size, output.mediaType);
  }
  const inline = JSON.stringify(inlineValue(output.value, output.mediaType, planned));
  return [Buffer.byteLength(inline) > limit ? link(planned, urlOf!) : inline];
}

function link({ output, title, format }: PlannedOutput, urlOf: (outputId: string) => string): string {
  const { id } = output;
  return JSON.stringify({ href: urlOf(id), rel: LinkRelation.results, type: format.mediaType, title: title ?? id });
}

/** Objects, and strings of a media type of their own, come qualified (inlineOrRefData.yaml); bounding boxes do not. */
function inlineValue(value: unknown, mediaType: string, { schema, format }: PlannedOutput): unknown {
  if (typeof value === 'string') {
    const isBinary = format.writing === 'bytes' && alternativesOf(schema).some(({ kind }) => kind === 'binary');
    if (isBinary) return { value, encoding: 'base64', mediaType: format.mediaType };
    const isPlain = format.writing === 'json' || essence(format.mediaType) === MediaType.text;
    return isPlain ? value : { value, mediaType: format.mediaType };
  }
  if (Array.isArray(value) || typeof value === 'number' || typeof value === 'boolean') return value;
  if (
    isJsonObject(value) &&
    Array.isArray(value.bbox) &&
    Object.keys(value).every((key) => key === 'bbox' || key === 'crs')
  ) {
    return value;
  }
  return essence(mediaType) === MediaType.json ? { value: value ?? null } : { value: value ?? null, mediaType };
}

async function fileEntry(path: string, size: number, mediaType: string): Promise<Content> {
  const slice: FileSlice = { path, start: 0, end: size, base64: true };
  if ((isJsonType(mediaType) || isTextType(mediaType)) && size <= LARGEST_TEXT) {
    const value = await readValue(slice, mediaType);
    if (value !== undefined) return [JSON.stringify({ value, mediaType })];
  }
  return ['{"value":"', slice, `","encoding":"base64","mediaType":${JSON.stringify(mediaType)}}`];
}

/** The file as a JSON value or as text; nothing when its bytes are not what its media type says. */
async function readValue(slice: FileSlice, mediaType: string): Promise<unknown> {
  await requireFiles([slice]);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(slice.path));
    return isJsonType(mediaType) ? JSON.parse(text) : text;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}
