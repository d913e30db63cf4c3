import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { Backend } from './backends.js';
import type { Client } from './client.js';
import type { Service } from './service.js';
import { clientOf, Site } from './site.js';
import type { useSites } from './sites.js';

/** A site for several tests: its API stays, and each test starts only the workers that those before it have lost. */
class SharedSite {
  private opened: { readonly site: Site; readonly client: Client } | undefined;
  private workers: Service[] = [];

  get site(): Site {
    return this.inTests.site;
  }

  get client(): Client {
    return this.inTests.client;
  }

  /** Has so many workers at work, whatever became of those of the tests before. */
  async staff(count: number): Promise<Service[]> {
    const kept = this.workers.filter(({ running }) => running);
    await Promise.all(kept.splice(count).map((worker) => worker.stop()));
    const missing = Array.from({ length: count - kept.length }, () => this.site.worker());
    return (this.workers = [...kept, ...(await Promise.all(missing))]);
  }

  async open(site: Site): Promise<void> {
    this.opened = { site, client: clientOf(await site.api({ ROLE: 'api' })) };
  }

  /** What a test that failed has left behind must not be in the way of the next one. */
  async clear(): Promise<void> {
    const left = await this.site.query<{ id: string }>('SELECT id FROM job WHERE finished_at IS NULL');
    for (const { id } of left) await this.client.dismiss(id);
  }

  private get inTests(): { readonly site: Site; readonly client: Client } {
    if (this.opened === undefined) throw new Error('the site is there within tests only');
    return this.opened;
  }
}

/** Opens a site for all tests of a describe, on the PostgreSQL of the spec. */
export function useSharedSite(
  sites: ReturnType<typeof useSites>,
  backend?: Backend,
  settings: Record<string, string> = {},
): SharedSite {
  const shared = new SharedSite();
  let site: Site | undefined;
  beforeAll(async () => {
    site = await Site.open(sites.postgres, backend, settings);
    await shared.open(site);
  });
  afterEach(() => shared.clear());
  afterAll(() => site?.close());
  return shared;
}
