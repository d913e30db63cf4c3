import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const HEAD_END = '\r\n\r\n';

/**
 * POSTs one prepared request again and again, over as many connections as are asked for. It costs as little as a client
 * can: it shares the two cores with the service, while bare BullMQ is measured without any client.
 */
export class LeanClient {
  private constructor(
    private readonly request: Buffer,
    private readonly sockets: readonly Socket[],
  ) {}

  static async open(url: string, headers: Record<string, string>, body: string, size: number): Promise<LeanClient> {
    const { hostname, port, pathname } = new URL(url);
    const lines = Object.entries({
      host: `${hostname}:${port}`,
      'content-length': Buffer.byteLength(body),
      ...headers,
    });
    const head = [`POST ${pathname} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`)].join('\r\n');
    const sockets = Array.from({ length: size }, () => connect(Number(port), hostname).setNoDelay(true));
    await Promise.all(sockets.map((socket) => once(socket.setEncoding('latin1'), 'connect')));
    // The loss of a connection is told where its answer is awaited.
    for (const socket of sockets) socket.on('error', () => undefined);
    return new LeanClient(Buffer.from(`${head}${HEAD_END}${body}`), sockets);
  }

  /** Sends the request `count` times, one at a time on each connection. Every answer must be 201. */
  async send(count: number): Promise<void> {
    let left = count;
    const client = async (socket: Socket) => {
      while (left-- > 0) await this.exchange(socket);
    };
    await Promise.all(this.sockets.map(client));
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private exchange(socket: Socket): Promise<void> {
    return new Promise((resolve, reject) => {
      let answer = '';
      const fail = (reason: string) => reject(new Error(reason));
      const lost = () => fail(`the connection was closed after: ${answer}`);
      const read = (text: string) => {
        answer += text;
        const end = answer.indexOf(HEAD_END);
        if (end < 0) return;
        const length = Number(/\r\ncontent-length: (\d+)/i.exec(answer)?.[1]);
        if (answer.length < end + HEAD_END.length + length) return;
        socket.off('data', read).off('close', lost);
        if (answer.startsWith('HTTP/1.1 201 ') && length > 0) resolve();
        else fail(answer);
      };
      socket.on('data', read).once('close', lost);
      socket.write(this.request);
    });
  }
}
