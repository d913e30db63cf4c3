import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { HealthCheck, Unhealthy } from './health-check.js';

const TIME_LIMIT = 1_000;

/** What one check found, in words that anybody may read. */
export interface CheckResult {
  readonly status: 'ok' | 'unavailable';
  readonly detail?: string;
}

/** Whether the service can do its work: `ok` when every check is. The checks are listed by name. */
export interface Readiness {
  readonly status: 'ok' | 'unavailable';
  readonly checks: Readonly<Record<string, CheckResult>>;
}

const SHUTTING_DOWN: Readiness = {
  status: 'unavailable',
  checks: { service: { status: 'unavailable', detail: 'The service is shutting down.' } },
};

/** Runs all health checks of the application side by side, each for at most a second. */
@Injectable()
export class ReadinessService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(ReadinessService.name);
  private readonly failing = new Set<string>();
  private checks: HealthCheck[] = [];
  private running?: Promise<Readiness>;
  private closing = false;

  constructor(private readonly discovery: DiscoveryService) {}

  onApplicationBootstrap(): void {
    const instances = this.discovery.getProviders().map(({ instance }): unknown => instance);
    const checks = instances.filter((instance) => instance instanceof HealthCheck);
    this.checks = [...new Set(checks)].sort((a, b) => a.name.localeCompare(b.name));
    const twice = this.checks.find(({ name }, index) => this.checks[index + 1]?.name === name);
    if (twice) throw new Error(`Two health checks are named "${twice.name}". Give one of them another name.`);
  }

  /** What is asked for from now on should go to another node, while this one ends what it has begun. */
  beforeApplicationShutdown(): void {
    this.closing = true;
  }

  /** Probes that arrive while one is running share its result, so that many probes are no load. */
  readiness(): Promise<Readiness> {
    if (this.closing) return Promise.resolve(SHUTTING_DOWN);
    this.running ??= this.run().finally(() => (this.running = undefined));
    return this.running;
  }

  private async run(): Promise<Readiness> {
    const results = await Promise.all(
      this.checks.map(async (check) => [check.name, await this.runOne(check)] as const),
    );
    const isReady = results.every(([, { status }]) => status === 'ok');
    return { status: isReady ? 'ok' : 'unavailable', checks: Object.fromEntries(results) };
  }

  private async runOne(check: HealthCheck): Promise<CheckResult> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(new Unhealthy('No answer in time.')), TIME_LIMIT);
    const overdue = new Promise<never>((_, reject) =>
      limit.signal.addEventListener('abort', () => reject(limit.signal.reason as Error)),
    );
    try {
      await Promise.race([check.check(limit.signal), overdue]);
      if (this.failing.delete(check.name)) this.logger.log(`Health check ${check.name} is fine again`);
      return { status: 'ok' };
    } catch (error) {
      // Logged when it begins, not at every probe.
      if (!this.failing.has(check.name)) this.logger.warn({ message: `Health check ${check.name} failed`, err: error });
      this.failing.add(check.name);
      return {
        status: 'unavailable',
        detail: error instanceof Unhealthy ? error.message : 'The check failed; see the log.',
      };
    } finally {
      clearTimeout(timer);
    }
  }
}
