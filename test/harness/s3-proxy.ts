import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands between nodes and an S3 server, and answers 503 in its place during an outage. */
export class S3Proxy {
  /** Whether the server behind it is away. */
  isDown = false;
  /** Requests by method and path, also those in vain. */
  readonly seen: string[] = [];
  private readonly watchers = new Set<() => void>();

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {
    server.on('request', (incoming, outgoing) => {
      this.seen.push(`${incoming.method} ${incoming.url}`);
      for (const watcher of this.watchers) watcher();
      if (this.isDown) {
        incoming.resume();
        outgoing.writeHead(503).end();
        return;
      }
      const { hostname, port } = this.target;
      const options = { hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers };
      const forwarded = request(options, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      forwarded.once('error', () => outgoing.destroy());
      outgoing.once('close', () => forwarded.destroy());
      incoming.pipe(forwarded);
    });
  }

  /** @param endpoint of the server behind it */
  static async before(endpoint: string): Promise<S3Proxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new S3Proxy(server, new URL(endpoint));
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Resolves when a request like this one has been made since the call. */
  async asked(pattern: RegExp): Promise<void> {
    const from = this.seen.length;
    while (!this.seen.slice(from).some((line) => pattern.test(line))) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.watchers.delete(wake);
          resolve();
        };
        this.watchers.add(wake);
      });
    }
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}
