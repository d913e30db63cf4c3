import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An HTTP server that answers the same error to everything, or nothing at all. */
export class FaultServer {
  private constructor(private readonly server: Server) {}

  static async start(status = 503): Promise<FaultServer> {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(status, { connection: 'close' }).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultServer(server);
  }

  /** Takes requests and never answers. */
  static async startSilent(): Promise<FaultServer> {
    const server = createServer((request) => void request.resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}
