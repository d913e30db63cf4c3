import assert from 'node:assert/strict';
import type { Exchange } from './exchange.js';

export interface Part {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Reads a multipart body (RFC 2046): its parts by Content-ID without angle brackets. */
export function partsOf(exchange: Exchange): Map<string, Part> {
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(exchange.header('content-type'));
  assert.ok(boundary, `no boundary: ${exchange.summary()}`);
  const text = `\r\n${exchange.bytes.toString('latin1')}`;
  const [, ...sections] = text.split(`\r\n--${boundary[1] ?? boundary[2]}`);
  const end = sections.pop();
  assert.ok(end?.startsWith('--'), 'the multipart body has no closing delimiter');
  const parts = sections.map((section): [string, Part] => {
    const [head, ...rest] = section.replace(/^[ \t]*\r\n/, '').split('\r\n\r\n');
    const headers = new Map(
      head.split('\r\n').map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const id = headers.get('content-id')?.replace(/^<|>$/g, '');
    assert.ok(id, 'a part has no Content-ID');
    return [id, { headers, body: Buffer.from(rest.join('\r\n\r\n'), 'latin1').toString('utf8') }];
  });
  return new Map(parts);
}
