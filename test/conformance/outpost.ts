import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface ReceivedCall {
  readonly path: string;
  readonly method: string;
  readonly mediaType: string;
  readonly body: string;
}

/**
 * A small server beside the tester that the server under test turns to: it offers values to be fetched by reference,
 * and receives callbacks.
 */
export class Outpost {
  private readonly offers = new Map<string, { body: string; mediaType: string }>();
  private readonly calls: ReceivedCall[] = [];
  private readonly waiting = new Set<() => void>();
  private count = 0;
  private wasReached = false;
  private countBefore = 0;

  private constructor(
    private readonly server: Server,
    private readonly base: string,
    private readonly isCertain: boolean,
  ) {
    server.on(
      'request',
      (request, reply) =>
        void this.answer(request).then(({ status, body, mediaType }) =>
          reply.writeHead(status, { 'content-type': mediaType }).end(body),
        ),
    );
  }

  /**
   * @param url where the server under test reaches this machine; a free loopback port when it is not given
   * @param isCertain whether the server is known to reach it
   */
  static async open(url?: string, isCertain = false): Promise<Outpost> {
    const { hostname, port } = new URL(url ?? 'http://127.0.0.1:0');
    const server = createServer();
    server.listen(Number(port), url === undefined ? hostname : undefined);
    await once(server, 'listening');
    const actual = (server.address() as AddressInfo).port;
    return new Outpost(server, url?.replace(/\/$/, '') ?? `http://127.0.0.1:${actual}`, isCertain);
  }

  /** What is offered from now on belongs to one check. */
  beginCheck(): void {
    this.countBefore = this.count;
  }

  /** Whether the present check named a URL to a server that has never come here, and need not be able to. */
  get isInVain(): boolean {
    return this.count > this.countBefore && !this.wasReached && !this.isCertain;
  }

  /** Offers a value. @returns its URL */
  offer(body: string, mediaType: string): string {
    const path = `/offers/${++this.count}`;
    this.offers.set(path, { body, mediaType });
    return this.base + path;
  }

  /** A new URL to be called. */
  callbackUrl(name: string): string {
    return `${this.base}/calls/${++this.count}/${name}`;
  }

  /** Resolves with the first call of a URL, already received or yet to come; rejects after `patience` milliseconds. */
  async called(url: string, patience = 30_000): Promise<ReceivedCall> {
    const path = new URL(url).pathname;
    const deadline = AbortSignal.timeout(patience);
    for (;;) {
      const call = this.calls.find((candidate) => candidate.path === path);
      if (call !== undefined) return call;
      await new Promise<void>((wake, reject) => {
        this.waiting.add(wake);
        const fail = () => reject(new Error(`${url} was not called within ${patience} ms`));
        deadline.addEventListener('abort', fail, { once: true });
        if (deadline.aborted) fail();
      });
    }
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage): Promise<{ status: number; body: string; mediaType: string }> {
    this.wasReached = true;
    const path = new URL(request.url!, this.base).pathname;
    const offer = this.offers.get(path);
    if (offer !== undefined) return { status: 200, ...offer };
    const body = (await buffer(request)).toString('utf8');
    const mediaType = (request.headers['content-type'] ?? '').split(';')[0];
    this.calls.push({ path, method: request.method!, mediaType, body });
    for (const wake of this.waiting) wake();
    this.waiting.clear();
    return { status: 200, body: '', mediaType: 'text/plain' };
  }
}
