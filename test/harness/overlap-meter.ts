import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/**
 * Counts how much code is at work at once: it holds a connection to this server while it is. A connection ends with the
 * process that has it, so whatever kills the code is noticed.
 */
export class OverlapMeter {
  /** The most at one time. */
  most = 0;
  /** Connections so far. */
  visits = 0;
  private readonly present = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly stay: number,
  ) {
    server.on('connection', (socket) => this.receive(socket));
  }

  /** @param stay milliseconds for which each visitor is kept */
  static async start(stay: number): Promise<OverlapMeter> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new OverlapMeter(server, stay);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.server.close();
    for (const socket of this.present) socket.destroy();
    await once(this.server, 'close');
  }

  private receive(socket: Socket): void {
    this.visits += 1;
    this.present.add(socket);
    this.most = Math.max(this.most, this.present.size);
    // The visitor goes on only after this, when it does not count any more.
    const leave = () => {
      this.present.delete(socket);
      clearTimeout(timer);
      socket.destroy();
    };
    const timer = setTimeout(leave, this.stay);
    socket.on('error', leave).on('close', leave).resume();
  }
}
