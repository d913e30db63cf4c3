import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A web server with some files below `/base/`. */
export class FileServer {
  private constructor(private readonly server: Server) {}

  /** @param secret what `Authorization` must be @param hasRanges false: sends everything whatever part it is asked for */
  static async start(files: ReadonlyMap<string, Buffer>, secret?: string, hasRanges = true): Promise<FileServer> {
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url!, 'http://host');
      if (secret !== undefined && request.headers.authorization !== secret) return response.writeHead(403).end();
      const content = files.get(decodeURIComponent(pathname.slice('/base/'.length)));
      if (content === undefined) return response.writeHead(404).end();
      const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
      const head = { etag: `"${createHash('md5').update(content).digest('hex')}"` };
      const send = (status: number, part: Buffer) => {
        response.writeHead(status, { ...head, 'content-length': part.length });
        response.end(request.method === 'HEAD' ? undefined : part);
      };
      if (!hasRanges || from === undefined) return send(200, content);
      if (Number(from) >= content.length) return response.writeHead(416).end();
      return send(206, content.subarray(Number(from), to === '' ? undefined : Number(to) + 1));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FileServer(server);
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
