import { decodeBase64 } from '../../ogc/base64.js';
import { nonFiniteNumber } from '../../ogc/finite-numbers.js';
import { isJsonType, MediaType } from '../../ogc/media-type.js';
import type { OgcSchema } from '../../processes/process-description.js';
import { alternativeFor, alternativesOf, type Alternative } from '../schema-alternatives.js';
import type { InputFormat } from './input-format.js';
import type { InputStager } from './input-stager.js';
import { InputViolation } from './input-violation.js';
import { decodeText } from './text-decoding.js';

const BASE64 = new Set(['base64', 'base64url']);
const PLAIN = new Set(['', 'utf-8', 'utf8', 'none', '8bit', '7bit']);

/** A value that takes reading: the encoded bytes of a file or a text, or the target of a reference. */
export class UnreadInput {
  /** @param read throws InputViolation, NotBase64 or UnavailableReference */
  constructor(readonly read: (stager: InputStager, signal: AbortSignal) => Promise<unknown>) {}
}

/**
 * Turns a value inside the request into what `execute` receives: base64 of a binary alternative becomes a file, base64
 * of any other its text, everything else stays.
 * @returns the value; an {@link UnreadInput} for base64
 * @throws InputViolation when the form does not fit the schema
 */
export function readInlineInput(value: unknown, format: InputFormat, schema: OgcSchema): unknown {
  const alternative = chooseAlternative(value, format, schema);
  const { encoding = '' } = format;
  if (alternative.kind === 'binary') {
    if (typeof value !== 'string') throw new InputViolation('must be a base64 string');
    if (!BASE64.has(encoding) && encoding !== '' && encoding !== 'binary') {
      throw new InputViolation('has an unknown encoding, use base64');
    }
    const mediaType = format.mediaType ?? alternative.mediaType ?? MediaType.octets;
    return new UnreadInput((stager, signal) => stager.stage(decodeBase64(value), mediaType, signal));
  }
  if (BASE64.has(encoding)) {
    if (typeof value !== 'string') throw new InputViolation('must be a base64 string');
    const isJson = alternative.kind === 'json' && isJsonType(format.mediaType ?? MediaType.json);
    return new UnreadInput(async () => {
      const text = await decodeText(decodeBase64(value), format.mediaType);
      return isJson ? parseJson(text) : text;
    });
  }
  if (!PLAIN.has(encoding)) throw new InputViolation('has an unknown encoding, use base64 or none');
  return value;
}

/** @throws InputViolation */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputViolation('is not JSON', { cause: error });
  }
  const pointer = nonFiniteNumber(value);
  if (pointer === undefined) return value;
  throw new InputViolation(`holds a number too large to be read${pointer && ` at ${pointer.slice(0, 200)}`}`);
}

function chooseAlternative(value: unknown, format: InputFormat, schema: OgcSchema): Alternative {
  const alternatives = alternativesOf(schema);
  if (format.mediaType !== undefined) {
    const chosen = alternativeFor(schema, format.mediaType);
    if (chosen !== undefined) return chosen;
    throw unknownMediaType(alternatives);
  }
  const isBase64 = BASE64.has(format.encoding ?? '');
  const fits = alternatives.filter(({ kind }) =>
    typeof value === 'string' ? (isBase64 ? kind === 'binary' : kind !== 'json') : kind === 'json',
  );
  return fits[0] ?? alternatives[0];
}

/** Says which media types the input takes. */
export function unknownMediaType(alternatives: readonly Alternative[]): InputViolation {
  const known = alternatives.map(({ mediaType, kind }) => mediaType ?? (kind === 'json' ? MediaType.json : 'any text'));
  return new InputViolation(`has a media type that the process does not take, use ${[...new Set(known)].join(' or ')}`);
}
