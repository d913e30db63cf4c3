import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import { storableText } from '../../database/storable-text.js';
import type { Artifact } from '../../flows/step-journal.js';
import { ChangeAnnouncer } from '../../jobs/change-announcer.js';
import type { HeldLease } from '../../jobs/store/job-leases.js';
import { forBoth, taskOf } from '../../jobs/store/claim-fence.js';

/** An artifact as its row has it. */
export interface ArtifactRow {
  readonly key: string;
  readonly type: Artifact['type'];
  readonly data: unknown;
  readonly description: string | null;
  readonly step: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const KEEP = forBoth(
  (claim) =>
    new Statement<{ id: string }>(
      `artifact_keep${claim.suffix}`,
      `WITH ${claim.prelude('$8')}f AS (
     UPDATE job SET seq = seq + 1, updated_at = now() ${claim.where} RETURNING id, seq
   ), a AS (
     INSERT INTO artifact (job_id, key, type, data, description, step)
     SELECT id, $3, $4, $5::json, $6, $7 FROM f
     ON CONFLICT (job_id, key) DO UPDATE SET type = excluded.type, data = excluded.data,
       description = excluded.description, step = excluded.step, updated_at = now()
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, 'artifact', json_build_object('key', $3::text, 'type', $4::text) FROM f
   )
   SELECT id FROM f`,
    ),
);

const PAGE = new Statement<ArtifactRow>(
  'artifact_page',
  `SELECT key, type, data, description, step, created_at, updated_at FROM artifact
   WHERE job_id = $1 AND key > $2 ORDER BY key LIMIT $3`,
);

/** What jobs show to people. */
@Injectable()
export class Artifacts {
  constructor(
    private readonly database: Database,
    private readonly announcer: ChangeAnnouncer,
  ) {}

  /** Adds an artifact, or replaces the one of the same key. @returns false when the job is not this claim's any more */
  async keep(held: HeldLease, { key, type, data, description, step }: Artifact): Promise<boolean> {
    const text = description === undefined ? null : storableText(description);
    const rows = await this.database.execute(KEEP(held), [
      ...[held.id, held.epoch, key, type],
      ...[JSON.stringify(data ?? null), text, step ?? null],
      ...taskOf(held),
    ]);
    if (rows.length > 0) this.announcer.announce(held.id);
    return rows.length > 0;
  }

  /** In the order of their keys. @param after key of the last artifact of the page before */
  page(jobId: string, limit: number, after = ''): Promise<ArtifactRow[]> {
    return this.database.execute(PAGE, [jobId, after, limit]);
  }
}
