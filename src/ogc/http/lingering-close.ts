import type { IncomingMessage } from 'node:http';

/** Milliseconds for which a client may go on sending after its answer. */
const LINGER = 5_000;

/**
 * Lets the client of a request that is answered before its body has arrived read the answer, also where the connection
 * is closed after it: a socket that is closed with unread bytes in it is reset, and what the client has not read by
 * then is lost to it (RFC 9112 section 9.6). The rest of the body is read and thrown away for a while.
 */
export function lingerAfterAnswer(request: IncomingMessage): void {
  const { socket } = request;
  if (request.complete || socket.destroyed) return;
  // What Node calls when the last answer on a connection has been written.
  socket.destroySoon = () => {
    const timer = setTimeout(() => socket.destroy(), LINGER).unref();
    socket.once('close', () => clearTimeout(timer));
    socket.end();
    request.resume();
  };
}
