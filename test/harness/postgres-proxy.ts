import { once } from 'node:events';
import { connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** What happens to the answer to a statement that was carried out: it is lost with its connection, or kept back. */
type Fate = 'lost' | 'kept-back';

interface Trap {
  readonly statement: string;
  readonly fate: Fate;
  readonly sprung: () => void;
}

/** `ReadyForQuery` and `NotificationResponse` of PostgreSQL's protocol. */
const READY = 'Z'.charCodeAt(0);
const NOTIFICATION = 'A'.charCodeAt(0);

/** Stands between a node and PostgreSQL, and loses what it is told to lose. Needs connections without TLS. */
export class PostgresProxy {
  private readonly sockets = new Set<Socket>();
  private readonly traps: Trap[] = [];
  /** Whether notifications get through. */
  notifies = true;

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {
    server.on('connection', (client) => this.join(client));
  }

  /** @param databaseUrl of the PostgreSQL behind it */
  static async before(databaseUrl: string): Promise<PostgresProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PostgresProxy(server, new URL(databaseUrl));
  }

  /** The database as it is reached through this proxy. */
  get url(): string {
    const { port } = this.server.address() as AddressInfo;
    const url = new URL(this.target);
    url.host = `127.0.0.1:${port}`;
    return url.href;
  }

  /**
   * Lets the next use of a prepared statement be carried out, and cuts the connection instead of passing on the answer.
   * @returns resolves when that has happened
   */
  loseAnswer(statement: string): Promise<void> {
    return this.trap(statement, 'lost');
  }

  /** The same, but the connection stays and is silent from then on. */
  keepBackAnswer(statement: string): Promise<void> {
    return this.trap(statement, 'kept-back');
  }

  async close(): Promise<void> {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.server, 'close');
  }

  private trap(statement: string, fate: Fate): Promise<void> {
    return new Promise((sprung) => this.traps.push({ statement, fate, sprung }));
  }

  private join(client: Socket): void {
    const server = connect(this.upstream());
    let caught: Trap | undefined;
    let isSilent = false;
    const cut = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', cut).on('close', () => {
        this.sockets.delete(socket);
        cut();
      });
    }
    client.on('data', (bytes: Buffer) => {
      const index = this.traps.findIndex(({ statement }) => bytes.includes(`${statement}\0`));
      if (index >= 0) [caught] = this.traps.splice(index, 1);
      server.write(bytes);
    });
    const answer = (message: Buffer) => {
      if (isSilent || (message[0] === NOTIFICATION && !this.notifies)) return;
      if (caught === undefined) {
        client.write(message);
        return;
      }
      // Until then the statement may still be under way; what comes before it is part of the answer.
      if (message[0] !== READY) return;
      isSilent = true;
      if (caught.fate === 'lost') cut();
      caught.sprung();
    };
    server.on('data', inMessages(answer));
  }

  private upstream(): NetConnectOpts {
    const host = decodeURIComponent(this.target.hostname);
    const port = Number(this.target.port || 5432);
    return host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  }
}

/** Cuts what a PostgreSQL server sends into its messages: a letter, the length from here on in four bytes, the rest. */
function inMessages(take: (message: Buffer) => void): (bytes: Buffer) => void {
  let left: Buffer = Buffer.alloc(0);
  return (bytes) => {
    left = Buffer.concat([left, bytes]);
    while (left.length >= 5) {
      const size = 1 + left.readUInt32BE(1);
      if (left.length < size) return;
      take(left.subarray(0, size));
      left = left.subarray(size);
    }
  };
}
