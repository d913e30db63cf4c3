import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { eventually } from './backends.js';

/** A call that a receiver got. */
export interface ReceivedCall {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** What a receiver answers to the n-th call (from 1) to a path; `hang` never answers. */
export type Answer = (call: number, response: ServerResponse) => number | 'hang';

/** An HTTP server that writes down what it is sent, as a subscriber of callbacks would. */
export class Receiver {
  readonly calls: ReceivedCall[] = [];
  private readonly answers = new Map<string, Answer>();
  private server: Server | undefined;
  private port = 0;

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    await receiver.up();
    return receiver;
  }

  /** Absolute URL of a path; each path has its own answers. */
  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** How calls to a path are answered; 202 by default. */
  answer(path: string, answer: Answer): void {
    this.answers.set(path, answer);
  }

  to(path: string): ReceivedCall[] {
    return this.calls.filter((call) => call.path === path);
  }

  /** Waits until so many calls have come to a path. */
  until(path: string, count: number): Promise<ReceivedCall[]> {
    const look = () => Promise.resolve(this.to(path).length >= count ? this.to(path) : undefined);
    return eventually(look, `${count} call(s) to ${path}`, 30_000);
  }

  /** Listens, on the port it had before if there was one. */
  async up(): Promise<void> {
    this.server = createServer((request, response) => void this.receive(request, response));
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** Refuses connections from now on. */
  async down(): Promise<void> {
    const server = this.server;
    if (server === undefined) return;
    this.server = undefined;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!;
    this.calls.push({ path, headers: request.headers, body: await buffer(request) });
    const status = this.answers.get(path)?.(this.to(path).length, response) ?? 202;
    if (status !== 'hang') response.writeHead(status).end();
  }
}
