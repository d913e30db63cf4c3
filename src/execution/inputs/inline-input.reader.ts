import type { OgcSchema } from '../../processes/process-description.js';
import { isJsonType } from '../media-types.js';
import { alternativeFor, alternativesOf, type Alternative } from '../schema-alternatives.js';
import { decodeBase64 } from './base64.js';
import type { InputFormat } from './input-format.js';
import type { InputStager } from './input-stager.js';
import { InputViolation } from './input-violation.js';
import { decodeText } from './text-decoding.js';

const BASE64 = new Set(['base64', 'base64url']);
const PLAIN = new Set(['', 'utf-8', 'utf8', 'none', '8bit', '7bit']);

/**
 * Turns a value inside the request into what `execute` receives: base64 of a binary alternative becomes a file, base64
 * of any other its text, everything else stays.
 * @throws InputViolation when the form does not fit the schema
 */
export async function readInlineInput(
  value: unknown,
  format: InputFormat,
  schema: OgcSchema,
  stager: InputStager,
  signal: AbortSignal,
): Promise<unknown> {
  const alternative = chooseAlternative(value, format, schema);
  const { encoding = '' } = format;
  if (alternative.kind === 'binary') {
    if (typeof value !== 'string') throw new InputViolation('must be a base64 string');
    if (!BASE64.has(encoding) && encoding !== '' && encoding !== 'binary') {
      throw new InputViolation('has an unknown encoding, use base64');
    }
    const mediaType = format.mediaType ?? alternative.mediaType ?? 'application/octet-stream';
    return stager.stage(decodeBase64(value), mediaType, signal);
  }
  if (BASE64.has(encoding)) {
    if (typeof value !== 'string') throw new InputViolation('must be a base64 string');
    const text = await decodeText(decodeBase64(value), format.mediaType);
    return alternative.kind === 'json' && isJsonType(format.mediaType ?? 'application/json') ? parseJson(text) : text;
  }
  if (!PLAIN.has(encoding)) throw new InputViolation('has an unknown encoding, use base64 or none');
  return value;
}

/** @throws InputViolation */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputViolation('is not JSON', { cause: error });
  }
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
  const known = alternatives.map(
    ({ mediaType, kind }) => mediaType ?? (kind === 'json' ? 'application/json' : 'any text'),
  );
  return new InputViolation(`has a media type that the process does not take, use ${[...new Set(known)].join(' or ')}`);
}
