import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import { storableText } from '../../database/storable-text.js';
import type { LogLine } from '../../engine/execution-unit.js';
import { ChangeAnnouncer } from '../change-announcer.js';
import { CALLBACK_COLUMNS, oweCallback, WAKE_CALLBACKS } from './callback-outbox.js';
import type { HeldLease } from './job-leases.js';
import { forBoth, OF_TASK, taskOf } from './claim-fence.js';

/** A call about earlier progress that nobody has begun to make is overtaken by the one about this progress. */
const PROGRESS = forBoth(
  (claim) =>
    new Statement<{ id: string }>(
      `job_progress${claim.suffix}`,
      `WITH ${claim.prelude('$5')}j AS (
     UPDATE job SET progress = $3, message = coalesce($4, message), updated_at = now(), seq = seq + 1
     ${claim.where}
     RETURNING ${CALLBACK_COLUMNS}
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, 'progress', json_strip_nulls(json_build_object('progress', $3::int, 'message', $4::text)) FROM j
   ), overtaken AS (
     DELETE FROM job_callback USING j, job_event old
     WHERE j.subscriber IS NOT NULL AND job_callback.job_id = j.id AND job_callback.attempts = 0
       AND old.job_id = j.id AND old.seq = job_callback.seq AND old.type = 'progress'
   ), ${oweCallback('inProgressUri')}
   SELECT id, ${WAKE_CALLBACKS} FROM j`,
    ),
);

const LOG = forBoth(
  (claim) =>
    new Statement<{ written: number }>(
      `job_log${claim.suffix}`,
      `WITH j AS (
     SELECT id FROM job WHERE id = $1 AND ${
       claim === OF_TASK ? 'EXISTS (SELECT FROM task_run WHERE job_id = $1 AND epoch = $2 AND key = $7)' : 'epoch = $2'
     } FOR KEY SHARE
   ), l AS (
     INSERT INTO job_log (job_id, level, time, message, data)
     SELECT j.id, x.level, x.time, x.message, x.data::json
     FROM j, unnest($3::text[], $4::timestamptz[], $5::text[], $6::text[]) WITH ORDINALITY
       AS x (level, time, message, data, n)
     ORDER BY x.n
     RETURNING 1
   )
   SELECT count(*)::int AS written FROM l`,
    ),
);

/** What a job says about itself while it runs. Fenced by the epoch like every other write. */
@Injectable()
export class JobJournal {
  constructor(
    private readonly database: Database,
    private readonly announcer: ChangeAnnouncer,
  ) {}

  /** @param percent 0 to 100 @returns false when the job is no longer this epoch's */
  async progress(held: HeldLease, percent: number, message?: string): Promise<boolean> {
    const text = message === undefined ? null : storableText(message);
    const rows = await this.database.execute(PROGRESS(held), [held.id, held.epoch, percent, text, ...taskOf(held)]);
    if (rows.length > 0) this.announcer.announce(held.id);
    return rows.length > 0;
  }

  /** Writes lines in one statement, in their order. */
  async log(held: HeldLease, lines: readonly LogLine[]): Promise<void> {
    await this.database.execute(LOG(held), [
      held.id,
      held.epoch,
      lines.map((line) => line.level),
      lines.map((line) => line.time),
      lines.map((line) => storableText(line.message)),
      lines.map((line) => (line.data === undefined ? null : JSON.stringify(line.data))),
      ...taskOf(held),
    ]);
  }
}
