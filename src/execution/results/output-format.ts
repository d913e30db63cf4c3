import Negotiator from 'negotiator';
import { essence, isCompatible, isJsonType, MediaType } from '../../ogc/media-type.js';
import { DomainError } from '../../ogc/problems/domain-error.js';
import type { OgcSchema } from '../../processes/process-description.js';
import { alternativesOf, type Alternative } from '../schema-alternatives.js';
import type { ResultOutput } from './result-output.js';

/**
 * One way to write an output on its own: `json` as JSON text, `text` as the bare string, `bytes` decoded from base64,
 * `file` as it lies in its file.
 */
export interface OutputFormat {
  readonly mediaType: string;
  readonly writing: 'json' | 'text' | 'bytes' | 'file';
}

/**
 * The formats an output of this schema may come in, the default first. What declares a `contentMediaType` comes in
 * it. What declares none is a JSON value, so a plain string comes quoted as `application/json`; scalars are offered as
 * bare `text/plain` besides (OGC 18-062r2 /rec/core/process-execute-sync-document-ref), and every value as JSON.
 */
export function declaredFormats(schema: OgcSchema): readonly OutputFormat[] {
  let formats = known.get(schema);
  if (formats === undefined) known.set(schema, (formats = readFormats(schema)));
  return formats;
}

/** Schemas of descriptions live as long as the service; what follows from one is worked out once. */
const known = new WeakMap<OgcSchema, readonly OutputFormat[]>();

function readFormats(schema: OgcSchema): readonly OutputFormat[] {
  const alternatives = alternativesOf(schema);
  const formats = alternatives.flatMap(formatsOfAlternative);
  if (alternatives.some(({ kind }) => kind !== 'binary')) formats.push({ mediaType: MediaType.json, writing: 'json' });
  return distinct(formats);
}

/** The formats this very output can be had in, the default first. A file comes as it is; JSON of any type is JSON too. */
export function availableFormats(output: ResultOutput, schema: OgcSchema): readonly OutputFormat[] {
  if (output.kind === 'file') {
    const asItIs: OutputFormat = { mediaType: output.mediaType, writing: 'file' };
    const isValue = isJsonType(output.mediaType) && declaredFormats(schema).some(({ writing }) => writing === 'json');
    return distinct([asItIs, ...(isValue ? [{ ...asItIs, mediaType: MediaType.json }] : [])]);
  }
  const kind = kindOf(output.value);
  const key = `${kind} ${output.ofFile === true ? 'file ' : ''}${output.mediaType}`;
  let ofValues = knownOfValues.get(schema);
  if (ofValues === undefined) knownOfValues.set(schema, (ofValues = new Map()));
  let formats = ofValues.get(key);
  if (formats === undefined) ofValues.set(key, (formats = formatsOfValue(kind, output, schema)));
  return formats;
}

/** By the kind of the value, its media type, which comes from the description too, and whether it was in a file. */
const knownOfValues = new WeakMap<OgcSchema, Map<string, readonly OutputFormat[]>>();

function kindOf(value: unknown): 'string' | 'scalar' | 'other' {
  if (typeof value === 'string') return 'string';
  return typeof value === 'number' || typeof value === 'boolean' ? 'scalar' : 'other';
}

function formatsOfValue(
  kind: 'string' | 'scalar' | 'other',
  { mediaType: given, ofFile }: Extract<ResultOutput, { kind: 'value' }>,
  schema: OgcSchema,
): OutputFormat[] {
  const fitting = declaredFormats(schema).filter(({ writing, mediaType }) => {
    if (writing === 'json' || kind === 'other') return writing === 'json';
    if (kind === 'scalar') return mediaType === MediaType.text;
    // A returned string is of any type that the description has for strings; of a file the type is known.
    return ofFile !== true || (writing === 'text' && [MediaType.text, essence(given)].includes(essence(mediaType)));
  });
  const named = fitting.findIndex(({ mediaType }) => essence(mediaType) === essence(given));
  // The media type a process gave its output goes before the description's order.
  if (named > 0) fitting.unshift(...fitting.splice(named, 1));
  if (named < 0 && kind === 'string' && !isJsonType(given)) fitting.unshift({ mediaType: given, writing: 'text' });
  return distinct([...fitting, { mediaType: MediaType.json, writing: 'json' }]);
}

/** What a client wants an output to be. */
interface FormatWish {
  /** as named in the execute request */
  readonly mediaType?: string;
  readonly accept?: string;
}

/**
 * Chooses a format of an output that exists: the one the request names for it if there, else by Accept, else the first.
 * A name that the run did not meet excludes nothing, for nobody can change it any more.
 * @throws DomainError `not-acceptable` when none fits Accept
 */
export function chooseFormat(
  outputId: string,
  formats: readonly OutputFormat[],
  { mediaType, accept }: FormatWish,
): OutputFormat {
  return byName(formats, mediaType) ?? byAccept(formats, accept) ?? refuse(outputId, formats);
}

/** Whether an output that exists can be had in the format that a request names for it. */
export function isAvailable(output: ResultOutput, schema: OgcSchema, mediaType: string): boolean {
  return byName(availableFormats(output, schema), mediaType) !== undefined;
}

function refuse(outputId: string, formats: readonly OutputFormat[]): never {
  const offered = formats.map(({ mediaType }) => mediaType).join(', ');
  throw new DomainError('not-acceptable', `The output ${outputId} is available as ${offered}.`);
}

/**
 * Whether an output of this schema can be expected to fit, before it exists. Where the description leaves the media
 * type open, everything can.
 * @throws DomainError `not-acceptable`
 */
export function requireFormat(outputId: string, schema: OgcSchema, { mediaType, accept }: FormatWish): void {
  const isOpen = ({ kind, mediaType }: Alternative): boolean =>
    kind === 'binary' && (mediaType === undefined || essence(mediaType) === MediaType.octets);
  if (alternativesOf(schema).some(isOpen)) return;
  const formats = declaredFormats(schema);
  const expected = mediaType !== undefined ? byName(formats, mediaType) : byAccept(formats, accept);
  if (expected === undefined) refuse(outputId, formats);
}

/**
 * The first of the available media types that Accept prefers. Parameters that do not make another type (`charset`,
 * `profile`) are left aside.
 * @returns nothing when none is acceptable
 */
export function negotiate(accept: string | undefined, available: readonly string[]): string | undefined {
  if (accept === undefined || accept.trim() === '') return available[0];
  const plain = accept.replace(/;\s*(?:charset|profile)\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*)/gi, '');
  return new Negotiator({ headers: { accept: plain } }).mediaType([...available]);
}

function formatsOfAlternative({ kind, mediaType, schema }: Alternative): OutputFormat[] {
  if (kind === 'binary') return [{ mediaType: mediaType ?? MediaType.octets, writing: 'bytes' }];
  if (kind === 'text' && mediaType !== undefined) return [{ mediaType, writing: 'text' }];
  const formats: OutputFormat[] = [{ mediaType: mediaType ?? MediaType.json, writing: 'json' }];
  const isScalar = ['string', 'number', 'integer', 'boolean'].includes(schema.type ?? '');
  return isScalar ? [...formats, { mediaType: MediaType.text, writing: 'text' }] : formats;
}

function byName(formats: readonly OutputFormat[], wanted: string | undefined): OutputFormat | undefined {
  if (wanted === undefined) return undefined;
  return (
    formats.find(({ mediaType }) => essence(mediaType) === essence(wanted)) ??
    formats.find(({ mediaType }) => isCompatible(mediaType, wanted))
  );
}

function byAccept(formats: readonly OutputFormat[], accept: string | undefined): OutputFormat | undefined {
  const mediaType = negotiate(
    accept,
    formats.map((format) => format.mediaType),
  );
  return formats.find((format) => format.mediaType === mediaType);
}

function distinct(formats: OutputFormat[]): OutputFormat[] {
  return formats.filter(
    (format, index) => formats.findIndex(({ mediaType }) => essence(mediaType) === essence(format.mediaType)) === index,
  );
}
