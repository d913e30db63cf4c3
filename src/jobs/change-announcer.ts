import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Statement } from '../database/statement.js';
import { CHANGE_CHANNEL } from './job-channels.js';

/** A NOTIFY payload may have 7999 bytes; an id and its comma are 37. */
const MOST_IDS = 200;
/** Milliseconds between two announcements of a node, in which changes gather. */
const SPACING = 10;

const ANNOUNCE = new Statement('job_announce', `SELECT pg_notify('${CHANGE_CHANNEL}', $1)`);

/**
 * Tells all nodes that running jobs have new events. PostgreSQL lets transactions that notify commit one after the
 * other, so the statements of the hot path do not notify themselves: their jobs gather here and are announced
 * together. An announcement that is lost with its node costs a listener one round of its safety poll.
 */
@Injectable()
export class ChangeAnnouncer {
  private changed = new Set<string>();
  private sending = false;

  constructor(private readonly database: Database) {}

  /** To be called after the change was committed. */
  announce(jobId: string): void {
    this.changed.add(jobId);
    if (!this.sending) void this.send();
  }

  private async send(): Promise<void> {
    this.sending = true;
    while (this.changed.size > 0) {
      const batch = [...this.changed].slice(0, MOST_IDS);
      for (const id of batch) this.changed.delete(id);
      // Only a hint: while the database is away there is nothing to hint at.
      await this.database.execute(ANNOUNCE, [batch.join(',')]).catch(() => undefined);
      await delay(SPACING, undefined, { ref: false });
    }
    this.sending = false;
  }
}
