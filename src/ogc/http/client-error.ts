import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { MediaType } from '../media-type.js';
import type { Fault } from '../problems/problem.js';
import { problemOf } from '../problems/problem.js';

const FAULTS: Record<string, Fault> = {
  HPE_HEADER_OVERFLOW: { code: 'header-too-large', detail: 'The request line and headers are larger than accepted.' },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request-timeout', detail: 'The request was not complete in time.' },
};
const MALFORMED: Fault = { code: 'bad-request', detail: 'The request is not valid HTTP/1.1.' };

/** Answers bytes that are no HTTP request (RFC 9112 section 2.2) with a problem, straight onto the connection. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy(error);
    return;
  }
  const problem = problemOf(FAULTS[error.code ?? ''] ?? MALFORMED);
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `Content-Type: ${MediaType.problem}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
