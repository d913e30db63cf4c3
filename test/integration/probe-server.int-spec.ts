import { afterEach, describe, expect, it } from '@jest/globals';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule } from '../../src/config/config.module.js';
import { Settings } from '../../src/config/settings.js';
import { HealthCheck, Unhealthy } from '../../src/observability/health/health-check.js';
import { ProbesModule } from '../../src/observability/health/probes.module.js';
import { ProbeServer } from '../../src/observability/health/probe-server.js';
import { freePort } from '../harness/backends.js';

let isAway = false;

@Injectable()
class QueueCheck extends HealthCheck {
  readonly name = 'queue';
  check(): Promise<void> {
    return isAway ? Promise.reject(new Unhealthy('The queue is away.')) : Promise.resolve();
  }
}

describe(ProbeServer.name, () => {
  let application: INestApplicationContext | undefined;

  /** A process without an API. */
  async function start(settings: Record<string, string>): Promise<INestApplicationContext> {
    @Module({ imports: [ConfigModule.forRoot(Settings.parse(settings)), ProbesModule], providers: [QueueCheck] })
    class Root {}
    return await NestFactory.createApplicationContext(Root, { logger: false, abortOnError: false });
  }

  async function get(port: number, path: string, method = 'GET') {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  }

  afterEach(async () => {
    isAway = false;
    await application?.close();
    application = undefined;
  });

  it('answers both probes of a process that has no API', async () => {
    const port = await freePort();
    application = await start({ PROBE_PORT: String(port) });
    expect(await get(port, '/health/live')).toEqual({ status: 200, body: { status: 'ok', checks: {} } });
    const ready = { status: 'ok', checks: { queue: { status: 'ok' } } };
    expect(await get(port, '/health/ready')).toEqual({ status: 200, body: ready });
  });

  it('is alive, but not ready, while something it needs is away', async () => {
    const port = await freePort();
    application = await start({ PROBE_PORT: String(port) });
    isAway = true;
    expect((await get(port, '/health/live')).status).toBe(200);
    const queue = { status: 'unavailable', detail: 'The queue is away.' };
    expect(await get(port, '/health/ready')).toEqual({
      status: 503,
      body: { status: 'unavailable', checks: { queue } },
    });
  });

  it('serves nothing else', async () => {
    const port = await freePort();
    application = await start({ PROBE_PORT: String(port) });
    expect(await get(port, '/jobs')).toEqual({ status: 404, body: undefined });
    expect((await get(port, '/health/live', 'POST')).status).toBe(404);
  });

  it('is silent when the process stops, and without PROBE_PORT', async () => {
    const port = await freePort();
    await (await start({ PROBE_PORT: String(port) })).close();
    await expect(get(port, '/health/live')).rejects.toThrow('fetch failed');
    application = await start({ PORT: String(port) });
    await expect(get(port, '/health/live')).rejects.toThrow('fetch failed');
  });

  it('names the setting when its port is taken', async () => {
    const port = await freePort();
    application = await start({ PROBE_PORT: String(port) });
    await expect(start({ PROBE_PORT: String(port) })).rejects.toThrow(`PROBE_PORT ${port} of 127.0.0.1`);
  });
});
