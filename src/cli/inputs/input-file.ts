import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import type { Schema } from '../client/ogc-documents.js';
import { isJsonObject } from '../json-object.js';
import { base64Length, base64Of } from './base64-stream.js';
import { type BodyPart, jsonPart } from './body-part.js';
import { bytesOf, sizeOf, unreadable } from './file-bytes.js';
import { jsonOrNothing, parseValue, UnfitValue } from './input-value.js';
import { mediaTypeOfPath, OCTETS } from './media-type-of-path.js';
import { type SchemaShape, shapeOf } from './schema-shape.js';

/** A file that stands for the value of an input: `input=@path;type=media/type`. */
export interface FileArgument {
  /** `-` is standard input. */
  readonly path: string;
  readonly mediaType?: string;
}

/** `content`: bytes are sent. `path`: the process runs here and is told where they lie. */
export type FileTransport = 'content' | 'path';

/**
 * The content of a file as the value of an input, in the form its schema wants: base64 for bytes, JSON for objects and
 * arrays, text for strings. Bytes are streamed while the request is sent; JSON and text are read at once, to be
 * checked before anything is sent.
 *
 * @throws UsageError when the file cannot be read; UnfitValue when its content is not what the schema wants
 */
export async function filePart(
  file: FileArgument,
  schema?: Schema,
  transport: FileTransport = 'content',
): Promise<BodyPart[]> {
  const shape = shapeOf(schema);
  if (isBinary(file, shape)) return binaryPart(file, shape, transport);
  const bytes = await read(file.path);
  const text = decode(bytes);
  if (text === undefined) {
    if (shape.types.size > 0) throw new UnfitValue('takes no binary data, and the file is not UTF-8 text');
    return qualified({ ...file, mediaType: mediaTypeOf(file) }, [JSON.stringify(bytes.toString('base64'))]);
  }
  const open = shape.types.size === 0;
  if (open || shape.types.has('object') || shape.types.has('array') || shape.isBbox) {
    const parsed = jsonOrNothing(text);
    if (parsed !== undefined && (open || typeof parsed === 'object')) return jsonFilePart(file, text, parsed, shape);
    if (!open && !shape.types.has('string')) throw new UnfitValue('takes JSON, and the file holds none');
  }
  if (open || shape.types.has('string')) return textPart(file, text);
  return jsonPart(parseValue(text.trim(), schema));
}

/** Where the schema takes bytes or something else, the media type of the file decides. */
function isBinary(file: FileArgument, { types, binary }: SchemaShape): boolean {
  if (!types.has('binary')) return false;
  const mediaType = mediaTypeOf(file);
  return types.size === 1 || binary.includes(mediaType) || !/^text\/|json$|xml$/.test(mediaType);
}

/** An object is sent qualified (inlineOrRefData.yaml allows it bare only for bounding boxes), its text as it stands. */
function jsonFilePart(file: FileArgument, text: string, parsed: unknown, shape: SchemaShape): BodyPart[] {
  if (file.mediaType === undefined && (!isJsonObject(parsed) || shape.isBbox)) return [text];
  return ['{"value":', text, mediaTypeMember(file.mediaType), '}'];
}

function textPart({ mediaType }: FileArgument, text: string): BodyPart[] {
  return jsonPart(mediaType === undefined ? text : { value: text, mediaType });
}

async function binaryPart(file: FileArgument, shape: SchemaShape, transport: FileTransport): Promise<BodyPart[]> {
  const size = await sizeOf(file.path);
  const isPath = transport === 'path' && size !== undefined;
  const value: BodyPart[] = [
    '"',
    {
      ...(size !== undefined && { length: base64Length(size) }),
      open: () => base64Of(bytesOf(file.path)),
    },
    '"',
  ];
  // One alternative needs no words; of several, the media type chooses.
  const isPlain = file.mediaType === undefined && shape.types.size === 1 && new Set(shape.binary).size === 1;
  if (isPlain) return isPath ? pathPart(file.path) : value;
  const guessed = file.mediaType ?? mediaTypeOfPath(file.path);
  const mediaType = guessed ?? (shape.binary.length === 1 ? shape.binary[0] || undefined : undefined);
  if (mediaType === undefined && new Set(shape.binary).size > 1) {
    throw new UnfitValue(`takes ${shape.binary.join(' or ')}: say which by @${file.path};type=...`);
  }
  return isPath ? pathPart(file.path, mediaType) : qualified({ ...file, mediaType }, value);
}

function pathPart(path: string, type?: string): BodyPart[] {
  return jsonPart({ href: pathToFileURL(path).href, ...(type !== undefined && { type }) });
}

function qualified({ mediaType }: FileArgument, value: BodyPart[]): BodyPart[] {
  return ['{"value":', ...value, ',"encoding":"base64"', mediaTypeMember(mediaType), '}'];
}

function mediaTypeMember(mediaType: string | undefined): string {
  return mediaType === undefined ? '' : `,"mediaType":${JSON.stringify(mediaType)}`;
}

function mediaTypeOf({ mediaType, path }: FileArgument): string {
  return mediaType ?? mediaTypeOfPath(path) ?? OCTETS;
}

/** Nothing when the text is not UTF-8. */
function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

async function read(path: string): Promise<Buffer> {
  try {
    return path === '-' ? await buffer(process.stdin) : await readFile(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}
