import { isJsonObject } from '../../ogc/json-object.js';
import { LinkRelation } from '../../ogc/links/link-relation.js';
import { essence, MediaType } from '../../ogc/media-type.js';
import { alternativesOf } from '../schema-alternatives.js';
import { bareOutput } from './bare-output.js';
import type { Content, ContentPiece, FileSlice } from './content.js';
import { contentLength } from './content.js';
import { availableFormats, chooseFormat } from './output-format.js';
import type { ResultOutput } from './result-output.js';
import type { PlannedOutput, UrlOfOutput } from './results-plan.js';
import { storedValue } from './stored-value.js';

interface DocumentOptions {
  readonly urlOf?: UrlOfOutput;
  /** Bytes up to which an output whose transmission goes by size is put into the document. */
  readonly inlineLimit: number;
}

/**
 * Writes results.yaml: by output id a value, a qualified value or a link. Files of JSON or text come as such; larger ones
 * than memory should hold, and other bytes, pass through as slices in base64.
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
  if (urlOf !== undefined && transmission === 'reference') return [await link(planned, urlOf)];
  if (planned.encoding !== undefined) {
    const [content] = bareOutput(output, planned.format, planned.encoding).content;
    const isLarge = urlOf !== undefined && transmission === 'size' && contentLength([content]) > inlineLimit;
    if (isLarge) return [await link(planned, urlOf)];
    const { mediaType } = planned.format;
    return ['{"value":"', content, `","encoding":"base64","mediaType":${JSON.stringify(mediaType)}}`];
  }
  const limit = urlOf !== undefined && transmission === 'size' ? inlineLimit : Infinity;
  if (output.kind === 'file') {
    return output.size > limit ? [await link(planned, urlOf!)] : fileEntry(output, planned);
  }
  const inline = JSON.stringify(inlineValue(output.value, output.mediaType, planned));
  return [Buffer.byteLength(inline) > limit ? await link(planned, urlOf!) : inline];
}

async function link({ output, title, format }: PlannedOutput, urlOf: UrlOfOutput): Promise<string> {
  const { id } = output;
  return JSON.stringify({
    href: await urlOf(output),
    rel: LinkRelation.results,
    type: format.mediaType,
    title: title ?? id,
  });
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

/** A file of JSON or text as the value in it would stand; a bare string would be taken for base64 where there is an alternative of bytes. */
async function fileEntry(file: Extract<ResultOutput, { kind: 'file' }>, planned: PlannedOutput): Promise<Content> {
  const { mediaType } = planned.format;
  const stored = await storedValue(file);
  if (stored !== undefined) {
    const { id, value } = stored;
    const hasBytes = alternativesOf(planned.schema).some(({ kind }) => kind === 'binary');
    if (hasBytes) return [JSON.stringify({ value, mediaType })];
    const format = chooseFormat(id, availableFormats(stored, planned.schema), { mediaType });
    return [JSON.stringify(inlineValue(value, stored.mediaType, { ...planned, format }))];
  }
  const slice: FileSlice = { bytes: file.bytes, start: 0, end: file.size, base64: true };
  return ['{"value":"', slice, `","encoding":"base64","mediaType":${JSON.stringify(mediaType)}}`];
}
