import { describe, expect, it, jest } from '@jest/globals';
import { eventually, testedBackends } from '../harness/backends.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(120_000);

/** `SLUC` in ASCII: nodes take turns to migrate by this advisory lock. */
const MIGRATION_LOCK = 0x534c5543;

const sites = useSites();
let site: Site;

describe.each(testedBackends())('starting, queue on %s', (backend) => {
  it('nodes that start together on an empty database all come up and migrate it once', async () => {
    site = await sites.open(backend);
    const nodes = await Promise.all([site.api(), site.api({ ROLE: 'api' }), site.worker()]);
    const applied = await site.query<{ name: string }>('SELECT name FROM migration');
    expect(new Set(applied.map(({ name }) => name)).size).toBe(applied.length);
    expect(applied.length).toBeGreaterThan(0);
    for (const node of nodes.slice(0, 2)) {
      const client = clientOf(node);
      expect(await client.ended(await client.submit('noop-child', {}))).toMatchObject({ status: 'successful' });
    }
    expect(nodes.map(({ running }) => running)).toEqual([true, true, true]);
  });
});

describe('migrations', () => {
  it('a node that is killed right before it migrates leaves the way free for the next one', async () => {
    site = await sites.open();
    const blocker = site.connection();
    await blocker.connect();
    await blocker.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const killed = site.spawn();
    await eventually(async () => {
      const { rows } = await blocker.query('SELECT 1 FROM pg_locks WHERE objid = $1 AND NOT granted', [MIGRATION_LOCK]);
      return rows[0] as unknown;
    }, 'the node waits for its turn to migrate');
    killed.kill('SIGKILL');
    await killed.exited();
    await blocker.end();

    const client = clientOf(await site.api());
    expect(await client.ended(await client.submit('noop-child', {}))).toMatchObject({ status: 'successful' });
  });
});

describe('one data directory', () => {
  it('a second service on it is refused with exit code 1 and the way out; the first one is not disturbed', async () => {
    site = sites.openEmbedded();
    const first = await site.api();
    const second = site.spawn();
    expect(await second.exited()).toBe(1);
    expect(second.errors).toContain(`process ${first.pid}) already runs on`);
    expect(second.errors).toContain(site.dataDirectory);
    expect(second.errors).toMatch(/DATA_DIR/);
    const client = clientOf(first);
    expect(await client.ended(await client.submit('noop-child', {}))).toMatchObject({ status: 'successful' });

    // A worker beside it is welcome.
    await site.worker();
    expect((await client.execute('noop-child', {})).status).toBe(200);
  });
});
