import type { HttpAnswer } from '../client/http-connection.js';
import { readLinks } from '../client/link-header.js';
import { OCTETS } from '../inputs/media-type-of-path.js';
import { isJsonObject } from '../json-object.js';
import { readParts } from './multipart.js';
import { isText } from './results-document.js';

/** Members of a results document (OGC 18-062r2 results.yaml) by output id: values, qualified values, links. */
export type ResultMembers = Readonly<Record<string, unknown>>;

/** The results of a job as a whole: taken apart, or what came instead. */
export type WholeResults =
  | { readonly members: ResultMembers }
  /** One output as it is, or something else; its content is read already. */
  | { readonly members?: undefined; readonly mediaType: string; readonly content: Buffer };

const NO_RESULTS = new Set(['monitor', 'self', 'alternate', 'up', 'describedby', 'profile']);
const RESULTS_PROFILE = /^https?:\/\/www\.opengis\.net\/def\/profile\/OGC\/0\/ogc-results$/;

/**
 * Reads an answer to `GET results` in whichever form it has: a document, several parts, or links alone. JSON that is one
 * bare output looks like a document too, so its members must be outputs, unless the server says that it is one.
 * @param outputs ids that the process describes; empty when unknown
 * @param wanted ids that were asked for: where the outputs are unknown, a document has these
 */
export async function readWholeResults(
  answer: HttpAnswer,
  outputs: readonly string[],
  wanted: readonly string[] = [],
): Promise<WholeResults> {
  if (answer.statusCode === 204) {
    await answer.body.dump();
    return { members: linkedMembers(answer.headers.link, outputs) };
  }
  const contentType = String(answer.headers['content-type'] ?? '');
  const mediaType = contentType.split(';', 1)[0].trim().toLowerCase();
  const content = Buffer.from(await answer.body.arrayBuffer());
  const members = mediaType.startsWith('multipart/')
    ? membersOfParts(contentType, content)
    : mediaType.includes('json')
      ? membersOfDocument(content, { outputs, wanted, isDeclared: hasProfile(answer) })
      : undefined;
  return members === undefined ? { mediaType, content } : { members };
}

function hasProfile({ headers }: HttpAnswer): boolean {
  return readLinks(headers.link).some(({ rel, href }) => rel === 'profile' && RESULTS_PROFILE.test(href));
}

function membersOfDocument(
  content: Buffer,
  known: { outputs: readonly string[]; wanted: readonly string[]; isDeclared: boolean },
): ResultMembers | undefined {
  const { outputs, wanted, isDeclared } = known;
  const document = parseObject(content.toString());
  if (document === undefined || isDeclared) return document;
  const isLikely =
    outputs.length > 0
      ? Object.keys(document).every((id) => outputs.includes(id))
      : wanted.every((id) => Object.hasOwn(document, id));
  return isLikely ? document : undefined;
}

function membersOfParts(contentType: string, content: Buffer): ResultMembers | undefined {
  const parts = readParts(contentType, content);
  if (parts === undefined || parts.some(({ headers }) => headers['content-id'] === undefined)) return undefined;
  return Object.fromEntries(
    parts.map(({ headers, body }) => {
      // RFC 2392 writes it in angle brackets, OGC 18-062r2 without.
      const id = headers['content-id'].replace(/^<(.*)>$/, '$1');
      const type = headers['content-type'] ?? '';
      const href = headers['content-location'];
      return [id, href !== undefined && body.length === 0 ? { href, type } : qualified(type, body)];
    }),
  );
}

/** The content of one part as a member of a document. */
function qualified(contentType: string, body: Buffer): unknown {
  const mediaType = contentType.split(';', 1)[0].trim();
  if (mediaType.includes('json')) {
    try {
      return { value: JSON.parse(body.toString()) as unknown, mediaType };
    } catch {
      // Bytes, whatever the server says.
    }
  } else if (isText(mediaType)) return { value: body.toString(), mediaType: mediaType || 'text/plain' };
  return { value: body.toString('base64'), encoding: 'base64', mediaType: mediaType || OCTETS };
}

/** Links of a 204, by the id that their title or the end of their target is; else numbered. */
function linkedMembers(header: string | string[] | undefined, outputs: readonly string[]): ResultMembers {
  const links = resultLinks(header);
  return Object.fromEntries(
    links.map(({ href, type, title }, index) => {
      const end = decodeURIComponent(/([^/?#]*)\/?(?:[?#].*)?$/.exec(href)?.[1] ?? '');
      const id = [end, title].find((name) => name !== undefined && outputs.includes(name));
      const single = links.length === 1 && outputs.length === 1 ? outputs[0] : undefined;
      return [id ?? single ?? `result-${index + 1}`, { href, ...(type !== undefined && { type }) }];
    }),
  );
}

/** The links of a header that are results; the monitor and the profile of an answer are not. */
export function resultLinks(header: string | string[] | undefined) {
  return readLinks(header).filter(({ rel = '' }) => !NO_RESULTS.has(rel.toLowerCase()));
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const parsed = JSON.parse(text) as unknown;
    return isJsonObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
