import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Injectable, Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ConfigModule } from '../../config/config.module.js';
import { Settings } from '../../config/settings.js';
import { HealthCheck, Unhealthy } from './health-check.js';
import { HealthModule } from './health.module.js';
import { ReadinessService } from './readiness.service.js';

let answer: (signal: AbortSignal) => Promise<void> = () => Promise.resolve();
let calls = 0;

@Injectable()
class QueueCheck extends HealthCheck {
  readonly name = 'queue';
  check(signal: AbortSignal): Promise<void> {
    calls += 1;
    return answer(signal);
  }
}

@Injectable()
class DatabaseCheck extends HealthCheck {
  readonly name = 'database';
  check(): Promise<void> {
    return Promise.resolve();
  }
}

async function service(...providers: (new () => HealthCheck)[]) {
  const module = await Test.createTestingModule({
    imports: [ConfigModule.forRoot(Settings.parse({})), HealthModule],
    providers,
  }).compile();
  module.useLogger(false);
  await module.init();
  return module.get(ReadinessService);
}

describe(ReadinessService.name, () => {
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
    calls = 0;
  });

  it('finds the checks of all modules and is ready when all succeed', async () => {
    answer = () => Promise.resolve();
    expect(await (await service(QueueCheck, DatabaseCheck)).readiness()).toEqual({
      status: 'ok',
      checks: { database: { status: 'ok' }, queue: { status: 'ok' } },
    });
  });

  it('says which check failed, in the words of the check', async () => {
    answer = () => Promise.reject(new Unhealthy('Redis is away.'));
    expect(await (await service(QueueCheck, DatabaseCheck)).readiness()).toEqual({
      status: 'unavailable',
      checks: { database: { status: 'ok' }, queue: { status: 'unavailable', detail: 'Redis is away.' } },
    });
  });

  it('does not show the message of an unexpected error', async () => {
    answer = () => Promise.reject(new Error('S3cret'));
    const { checks } = await (await service(QueueCheck)).readiness();
    expect(checks.queue.status).toBe('unavailable');
    expect(JSON.stringify(checks)).not.toContain('S3cret');
  });

  it('gives a check one second, tells it, and does not wait longer', async () => {
    let signal: AbortSignal | undefined;
    answer = (given) => {
      signal = given;
      return new Promise(() => undefined);
    };
    const readiness = await service(QueueCheck);
    jest.useFakeTimers();
    const result = readiness.readiness();
    await jest.advanceTimersByTimeAsync(999);
    expect(signal?.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(await result).toMatchObject({ status: 'unavailable', checks: { queue: { detail: 'No answer in time.' } } });
    expect(signal?.aborted).toBe(true);
  });

  it('runs the checks once for probes that arrive together', async () => {
    answer = () => Promise.resolve();
    const readiness = await service(QueueCheck);
    await Promise.all([readiness.readiness(), readiness.readiness()]);
    expect(calls).toBe(1);
    await readiness.readiness();
    expect(calls).toBe(2);
  });

  it('logs a failure when it begins and when it ends', async () => {
    const readiness = await service(QueueCheck);
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const log = jest.spyOn(Logger.prototype, 'log').mockReturnValue();
    answer = () => Promise.reject(new Error('x'));
    await readiness.readiness();
    await readiness.readiness();
    answer = () => Promise.resolve();
    await readiness.readiness();
    expect([warn.mock.calls.length, log.mock.calls.length]).toEqual([1, 1]);
  });

  it('is not ready any more once the service shuts down', async () => {
    answer = () => Promise.resolve();
    const readiness = await service(QueueCheck);
    readiness.beforeApplicationShutdown();
    expect(await readiness.readiness()).toEqual({
      status: 'unavailable',
      checks: { service: { status: 'unavailable', detail: 'The service is shutting down.' } },
    });
    expect(calls).toBe(0);
  });

  it('refuses two checks of one name at start', async () => {
    @Injectable()
    class SecondQueueCheck extends QueueCheck {}
    await expect(service(QueueCheck, SecondQueueCheck)).rejects.toThrow('Two health checks are named "queue"');
  });
});
