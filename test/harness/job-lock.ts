import type pg from 'pg';
import { eventually } from './backends.js';
import type { Site } from './site.js';

/** Holds the row of a job, so that every statement that changes it stops in the middle of its work. */
export class JobLock {
  private constructor(
    private readonly client: pg.Client,
    private readonly pid: number,
  ) {}

  static async on(site: Site, jobId: string): Promise<JobLock> {
    const client = site.connection();
    await client.connect();
    await client.query('BEGIN');
    const { rows } = await client.query<{ pid: number }>(
      'SELECT pg_backend_pid() AS pid FROM job WHERE id = $1 FOR UPDATE',
      [jobId],
    );
    return new JobLock(client, rows[0].pid);
  }

  /**
   * Waits until a statement of the service is stopped by this lock.
   * @param fragment of its text
   * @returns the database session that runs it
   */
  async stops(site: Site, fragment: string): Promise<number> {
    const look = async () => {
      const [session] = await site.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND strpos(query, $1) > 0
           AND $2 = ANY(pg_blocking_pids(pid))`,
        [fragment, this.pid],
      );
      return session?.pid;
    };
    return await eventually(look, `a statement with "${fragment}" is stopped`);
  }

  async release(): Promise<void> {
    await this.client.end();
  }
}

/** Ends a database session with all it was about to do, and waits until it is gone. */
export async function endSession(site: Site, pid: number): Promise<void> {
  await site.query('SELECT pg_terminate_backend($1)', [pid]);
  const look = async () =>
    (await site.query('SELECT FROM pg_stat_activity WHERE pid = $1', [pid])).length === 0 ? true : undefined;
  await eventually(look, `the database session ${pid} is gone`);
}
