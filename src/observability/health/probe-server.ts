import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InvalidSettingsError, Settings } from '../../config/settings.js';
import { type Readiness, ReadinessService } from './readiness.service.js';

/**
 * `/health/live` and `/health/ready` of a process without an API, on PROBE_PORT; nothing without that setting. It answers
 * until everything else has stopped: a worker that drains is alive.
 */
@Injectable()
export class ProbeServer implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(ProbeServer.name);
  private server: Server | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly health: ReadinessService,
  ) {}

  /** @throws InvalidSettingsError when the port cannot be listened on */
  async onApplicationBootstrap(): Promise<void> {
    const { HOST, PROBE_PORT } = this.settings;
    if (PROBE_PORT === undefined) return;
    this.server = createServer((request, response) => void this.answer(request, response)).listen(PROBE_PORT, HOST);
    try {
      await once(this.server, 'listening');
    } catch (error) {
      const { message } = error as Error;
      throw new InvalidSettingsError([`PROBE_PORT ${PROBE_PORT} of ${HOST} cannot be listened on (${message})`]);
    }
    const { port } = this.server.address() as { port: number };
    this.logger.log(`Probes are answered on port ${port} of ${HOST}`);
  }

  onApplicationShutdown(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }

  private async answer({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
    const state = method === 'GET' ? await this.stateAt(url) : undefined;
    const status = state === undefined ? 404 : state.status === 'ok' ? 200 : 503;
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(state && JSON.stringify(state));
  }

  private async stateAt(path: string | undefined): Promise<Readiness | undefined> {
    if (path === '/health/live') return { status: 'ok', checks: {} };
    return path === '/health/ready' ? await this.health.readiness() : undefined;
  }
}
