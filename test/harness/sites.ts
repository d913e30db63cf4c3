import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { Backend } from './backends.js';
import { PostgresServer } from './postgres.js';
import { Site } from './site.js';

/** The sites of a spec: all on one PostgreSQL, one at a time. */
class Sites {
  private server: PostgresServer | undefined;
  private site: Site | undefined;

  get postgres(): PostgresServer {
    if (this.server === undefined) throw new Error('PostgreSQL runs within tests only');
    return this.server;
  }

  /** See `Site.open`. */
  async open(backend?: Backend, settings?: Record<string, string>): Promise<Site> {
    return (this.site = await Site.open(this.postgres, backend, settings));
  }

  /** See `Site.openEmbedded`. */
  openEmbedded(settings?: Record<string, string>): Site {
    return (this.site = Site.openEmbedded(settings));
  }

  async up(): Promise<void> {
    this.server = await PostgresServer.start();
  }

  async closeSite(): Promise<void> {
    await this.site?.close();
    this.site = undefined;
  }

  async down(): Promise<void> {
    await this.server?.remove();
  }
}

/** Starts a PostgreSQL for the tests of this file; the site that a test opens is closed at its end. */
export function useSites(): Sites {
  const sites = new Sites();
  beforeAll(() => sites.up());
  afterEach(() => sites.closeSite());
  afterAll(() => sites.down());
  return sites;
}
