import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { Settings } from '../config/settings.js';
import { DatabaseServer } from '../database/database-server.js';

/** `SLSV` in ASCII. */
const SUPERVISOR_LOCK = 0x534c5356;

/**
 * One node of all leads: the one whose session holds an advisory lock. A leader that dies or loses its connection
 * loses the lock with it, and the next node that asks becomes the leader. One that is frozen, or cut off without a
 * goodbye, would keep its session for hours: PostgreSQL ends it once it has been silent for a lease time.
 */
@Injectable()
export class Leadership implements OnApplicationShutdown {
  private client: pg.Client | undefined;
  private leads = false;

  constructor(
    private readonly server: DatabaseServer,
    private readonly settings: Settings,
  ) {}

  /** Asks for the lead, or makes sure that it is still held. Rejects when the database is away. */
  async acquire(): Promise<boolean> {
    const client = (this.client ??= await this.connect());
    try {
      if (this.leads) {
        await client.query('SELECT 1');
      } else {
        const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [
          SUPERVISOR_LOCK,
        ]);
        this.leads = rows[0].taken;
      }
      return this.leads;
    } catch (error) {
      this.lose(client);
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.client?.end().catch(() => undefined);
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({
      ...this.server.connection,
      application_name: 'sluice-supervisor',
      connectionTimeoutMillis: 5_000,
      query_timeout: 5_000,
    });
    client.on('error', () => this.lose(client));
    try {
      await client.connect();
      const silence = this.settings.SUPERVISOR_INTERVAL + this.settings.LEASE;
      await client.query(`SET idle_session_timeout = ${silence}`);
      return client;
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
  }

  private lose(client: pg.Client): void {
    if (this.client !== client) return;
    this.client = undefined;
    this.leads = false;
    void client.end().catch(() => undefined);
  }
}
