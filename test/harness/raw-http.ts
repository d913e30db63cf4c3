import { connect } from 'node:net';

/** A request as its bytes go out: nothing is encoded, normalized or refused on the way. */
export interface RawRequest {
  readonly method: string;
  /** Request target, for example `/jobs?limit=1`. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: Buffer;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

const PATIENCE = 30_000;

/** The bytes of a request that ends its connection. Text outside of ASCII is sent as UTF-8. */
export function bytesOf({ method, target, headers, body }: RawRequest, host: string): Buffer {
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const lines = [
    `${method} ${target} HTTP/1.1`,
    ...(given.has('host') ? [] : [`Host: ${host}`]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body !== undefined ? [`Content-Length: ${body.length}`] : []),
    'Connection: close',
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'utf8'), body ?? Buffer.alloc(0)]);
}

/**
 * Sends bytes over a connection of their own and reads the first final answer. A stream of events is left at its
 * beginning.
 * @param incomplete milliseconds after which a server that waits for more bytes is left; without, an answer is due
 * @returns nothing when there was no answer
 */
export async function exchange(base: string, bytes: Buffer, incomplete?: number): Promise<RawAnswer | undefined> {
  const { hostname, port } = new URL(base);
  const socket = connect(Number(port), hostname);
  socket.setTimeout(incomplete ?? PATIENCE, () =>
    socket.destroy(incomplete === undefined ? new Error(`no answer within ${PATIENCE} ms`) : undefined),
  );
  const chunks: Buffer[] = [];
  let failure: (Error & { code?: string }) | undefined;
  socket.on('error', (error) => (failure = error));
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (/^content-type: text\/event-stream/im.test(headOf(Buffer.concat(chunks)) ?? '')) socket.destroy();
  });
  socket.write(bytes);
  await new Promise((closed) => socket.once('close', closed));
  // A server that refuses a request before it was read completely resets the connection, and its answer may be lost.
  if (failure !== undefined && failure.code !== 'ECONNRESET' && failure.code !== 'EPIPE') throw failure;
  const received = Buffer.concat(chunks);
  return received.length === 0 ? undefined : readAnswer(received);
}

function headOf(bytes: Buffer): string | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  return end < 0 ? undefined : bytes.subarray(0, end).toString('latin1');
}

function readAnswer(bytes: Buffer): RawAnswer {
  const head = headOf(bytes);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head ?? '')?.[1]);
  if (head === undefined || Number.isNaN(status))
    throw new Error(`not an answer: ${bytes.subarray(0, 200).toString()}`);
  const rest = bytes.subarray(head.length + 4);
  if (status < 200) return readAnswer(rest);
  const headers = new Map(
    head
      .split('\r\n')
      .slice(1)
      .map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
  );
  const isChunked = headers.get('transfer-encoding') === 'chunked';
  // What follows the body is the answer to something else.
  const body = isChunked ? unchunk(rest) : rest.subarray(0, Number(headers.get('content-length') ?? rest.length));
  return { status, headers, body };
}

function unchunk(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const line = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    if (!size) break;
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
  return Buffer.concat(parts);
}
