import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { eventually } from '../harness/backends.js';
import { counts, flowInputs, open, openFlowSite } from '../harness/flow-site.js';
import { expectProblem, OWN_PROBLEM } from '../harness/problem.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(180_000);

const PROCESSES = { PROCESS_MODULES: resolve('test/fixtures/storage-processes.mjs') };

const sites = useSites();
let site: Site;

describe('35 a database that can only be read', () => {
  it('makes requests wait their turn and accepts nothing; jobs go on when it can be written again', async () => {
    site = await sites.open('postgres', PROCESSES);
    const client = clientOf(await site.api());
    const database = new URL(site.databaseUrl!).pathname.slice(1);
    const readOnly = async (value: 'on' | 'off') => {
      await site.query(
        `BEGIN READ WRITE; ALTER DATABASE "${database}" SET default_transaction_read_only = ${value}; COMMIT`,
      );
      // Connections keep what they began with.
      await site.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`);
    };
    const before = await client.submit('stored-file', { size: 1_000 });
    await client.ended(before);
    await readOnly('on');
    const refused = await eventually(async () => {
      const response = await client.execute('stored-file', { inputs: { size: 1 } }, { prefer: 'respond-async' });
      if (response.status === 503) return response;
      throw new Error(`accepted with ${response.status}`);
    }, 'it is refused');
    await expectProblem(refused, 503, `${OWN_PROBLEM}/database-unavailable`);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await client.getJson(`/jobs/${before}/results/size`)).toBe(1_000);

    await readOnly('off');
    const after = await eventually(
      () => client.submit('stored-file', { size: 1_000 }).catch(() => undefined),
      'jobs are accepted again',
    );
    expect(await client.ended(after)).toMatchObject({ status: 'successful' });
    expect(await site.query('SELECT FROM job')).toHaveLength(2);
  });
});

// A file system of a few hundred KiB, which only root can make.
const describeAsRoot = process.getuid?.() === 0 ? describe : describe.skip;

describeAsRoot('35 a full disk', () => {
  let place: ReturnType<typeof temporaryDirectory>;
  let disk: string;

  beforeEach(() => {
    place = temporaryDirectory('full-disk');
    disk = `${place.path}/disk`;
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
  });
  afterEach(() => {
    execFileSync('umount', ['-l', disk]);
    place.remove();
  });

  it('accepts no job whose inputs it cannot keep, says when to come again, and goes on with the others', async () => {
    site = await sites.open('postgres', { ...PROCESSES, DATA_DIR: disk });
    const client = clientOf(await site.api());
    const value = Buffer.alloc(1024 ** 2).toString('base64');
    const inputs = { file: { value, encoding: 'base64' } };
    const refused = await client.execute('stored-input', { inputs }, { prefer: 'respond-async' });
    await expectProblem(refused, 503, `${OWN_PROBLEM}/storage-unavailable`);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await site.query('SELECT FROM job')).toEqual([]);

    const large = await client.submit('stored-file', { size: 1024 ** 2 });
    expect(await client.ended(large)).toMatchObject({ status: 'failed' });
    const small = await client.submit('stored-file', { size: 1_000 });
    expect(await client.ended(small)).toMatchObject({ status: 'successful' });
  });
});

/** Takes all the room that is left to a file. */
async function fill(path: string): Promise<void> {
  const file = await openFile(path, 'w');
  try {
    for (;;) await file.write(Buffer.alloc(64 * 1024));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    await file.close();
  }
}

describeAsRoot('35 a full volume of the write-ahead log', () => {
  const place = temporaryDirectory('full-log');
  const volume = `${place.path}/log`;
  const ballast = `${volume}/ballast`;

  afterAll(async () => {
    await sites.postgres.crash();
    execFileSync('umount', ['-l', volume]);
    place.remove();
  });

  it('has requests wait their turn and accepts nothing it cannot keep; jobs wait, and with room again nothing is lost', async () => {
    await sites.postgres.crash();
    mkdirSync(volume);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', volume]);
    await sites.postgres.moveLog(volume);
    await sites.postgres.up();
    site = await openFlowSite(sites, { WORKER_CONCURRENCY: '1' });
    const { client } = await site.nodes(1);
    const held = await client.submit('five-steps', flowInputs(site, ['step-3']));
    await site.noted(held, 'step-3');
    const accepted = [held, await client.submit('five-steps', flowInputs(site))];

    await fill(ballast);
    const execute = () => client.execute('five-steps', { inputs: flowInputs(site) }, { prefer: 'respond-async' });
    await site.query('CREATE TABLE filler (line text)');
    const refused = await eventually(async () => {
      await site
        .query(`INSERT INTO filler SELECT md5(n::text) FROM generate_series(1, 20000) n`)
        .catch(() => undefined);
      const response = await execute();
      if (response.status === 503) return response;
      expect(response.status).toBe(201);
      accepted.push(((await response.json()) as { jobID: string }).jobID);
      return undefined;
    }, 'a request is refused');
    await expectProblem(refused, 503, `${OWN_PROBLEM}/database-unavailable`);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    // The end of the step cannot be put on record.
    await open(site, 'step-3');
    await site.noted(held, 'done-3');

    rmSync(ballast);
    for (const job of accepted) expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await counts(site, held, /^done-[12]$/)).toEqual({ 'done-1': 1, 'done-2': 1 });
    const after = await client.submit('five-steps', flowInputs(site));
    expect(await client.ended(after)).toMatchObject({ status: 'successful' });
    expect((await site.rows()).map(({ id }) => id)).toEqual(expect.arrayContaining(accepted));
  });
});
