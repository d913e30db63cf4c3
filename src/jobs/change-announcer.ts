import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Statement } from '../database/statement.js';
import { CHANGE_CHANNEL, JOB_CHANNEL, SLOT_CHANNEL } from './job-channels.js';

/** A NOTIFY payload may have 7999 bytes; an id and its comma are 37. */
const MOST_IDS = 200;
/** Milliseconds between two announcements of a node, in which changes gather. */
const SPACING = 10;

/** Without waiting for the disk: the announcement must not hold up the transactions behind it, and may be lost. */
const ANNOUNCE = new Statement(
  'job_announce',
  `SELECT set_config('synchronous_commit', 'off', true), pg_notify(channel, ids)
   FROM unnest($1::text[], $2::text[]) AS hint (channel, ids)`,
);

/**
 * Tells all nodes that jobs have new events, or have ended. PostgreSQL lets transactions that notify commit one after the
 * other, so the statements of the hot path do not notify themselves: their jobs gather here and are announced
 * together. An announcement that is lost with its node costs a listener one round of its safety poll.
 */
@Injectable()
export class ChangeAnnouncer {
  private readonly waiting = new Map([
    [CHANGE_CHANNEL, new Set<string>()],
    [JOB_CHANNEL, new Set<string>()],
    [SLOT_CHANNEL, new Set<string>()],
  ]);
  private sending = false;

  constructor(private readonly database: Database) {}

  /** A running job has a new event. To be called after the change was committed. */
  announce(jobId: string): void {
    this.add(CHANGE_CHANNEL, jobId);
  }

  /** A job has reached a terminal state. To be called after the change was committed. */
  announceEnd(jobId: string): void {
    this.add(JOB_CHANNEL, jobId);
  }

  /** A place under a limit may be free. To be called after the change was committed. @param number of its key */
  announceFree(number: string): void {
    this.add(SLOT_CHANNEL, number);
  }

  private add(channel: string, id: string): void {
    this.waiting.get(channel)?.add(id);
    if (!this.sending) void this.send();
  }

  private async send(): Promise<void> {
    this.sending = true;
    for (let hints = this.take(); hints.length > 0; hints = this.take()) {
      const channels = hints.map(({ channel }) => channel);
      const payloads = hints.map(({ ids }) => ids.join(','));
      // Only a hint: while the database is away there is nothing to hint at.
      await this.database.execute(ANNOUNCE, [channels, payloads]).catch(() => undefined);
      await delay(SPACING, undefined, { ref: false });
    }
    this.sending = false;
  }

  private take(): { channel: string; ids: string[] }[] {
    return [...this.waiting].flatMap(([channel, changed]) => {
      const ids = [...changed].slice(0, MOST_IDS);
      for (const id of ids) changed.delete(id);
      return ids.length > 0 ? [{ channel, ids }] : [];
    });
  }
}
