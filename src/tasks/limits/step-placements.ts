import { Injectable } from '@nestjs/common';
import type { StatementRunner } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import type { ProcessFault } from '../../flows/process-fault.js';
import type { StepStart } from '../../flows/step-journal.js';
import { type ClaimFence, forBoth, taskOf } from '../../jobs/store/claim-fence.js';
import type { HeldLease } from '../../jobs/store/job-leases.js';
import { type Beginning, STARTABLE, stepFence, stepValues } from '../store/step-beginnings.js';
import { STEP_COLUMNS } from '../store/step-row.js';
import type { CachedFrom, StoredStepOutput } from '../task.types.js';

/** What becomes of a step that would begin, and does not. */
export type Placement =
  | { readonly kind: 'waits'; readonly reason: string }
  | { readonly kind: 'refused'; readonly fault: ProcessFault }
  | {
      readonly kind: 'cached';
      readonly origin: CachedFrom;
      /** JSON text */
      readonly value: string | null;
      readonly outputs: readonly StoredStepOutput[];
    };

/** A step that waits has not made its attempt, so it is not counted; the one that was broken off is made again. */
const place = (claim: ClaimFence) =>
  new Statement<Beginning>(
    `step_place${claim.suffix}`,
    `WITH ${stepFence(
      claim,
      '$19',
      `(${STARTABLE}) AND NOT ($13 = 'AwaitingConcurrencySlot' AND state_name = $13 AND input_hash = $7
         AND message IS NOT DISTINCT FROM $17)`,
    )}, s AS (
     INSERT INTO task_run AS t (job_id, key, kind, name, parent, state_type, state_name, attempt, input_hash, after,
                                tags, epoch, worker_id, seq, value, outputs, fault, message, cached_from, finished_at)
     SELECT id, $3, $4, $5, $6, $12, $13, CASE WHEN $12 = 'SCHEDULED' THEN 0 ELSE 1 END, $7, $8, $9, epoch, $10, seq,
       $14::json, $15::json, $16::json, $17, $18::json, CASE WHEN $12 <> 'SCHEDULED' THEN now() END
     FROM f
     ON CONFLICT (job_id, key) DO UPDATE SET
       kind = excluded.kind, name = excluded.name, parent = excluded.parent, state_type = excluded.state_type,
       state_name = excluded.state_name,
       attempt = excluded.attempt + CASE WHEN t.input_hash <> excluded.input_hash THEN 0
         WHEN t.state_type IN ('SCHEDULED', 'PENDING') THEN t.attempt ELSE t.attempt - 1 END,
       answer = CASE WHEN t.input_hash <> excluded.input_hash THEN NULL ELSE t.answer END,
       input_hash = excluded.input_hash, after = excluded.after, tags = excluded.tags, epoch = excluded.epoch,
       worker_id = excluded.worker_id, wake_at = NULL, value = excluded.value, outputs = excluded.outputs,
       fault = excluded.fault, message = excluded.message, request = NULL, child_id = NULL,
       cached_from = excluded.cached_from, finished_at = excluded.finished_at
     RETURNING t.*
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT f.id, f.seq, CASE $12 WHEN 'SCHEDULED' THEN 'task-waiting' WHEN 'FAILED' THEN 'task-failed' ELSE 'task-cached' END,
       json_strip_nulls(json_build_object('task', $3, 'name', $5, 'message', $17::text, 'fault', $16::json,
         'origin', $18::json)) FROM f
   )
   SELECT o.*, s.attempt AS begun, NULL AS begun_answer, ${STEP_COLUMNS}
   FROM ${claim.row('$19')} LEFT JOIN s ON true LEFT JOIN LATERAL (
     SELECT * FROM s UNION ALL
     SELECT * FROM task_run WHERE job_id = $1 AND key = $3 AND NOT EXISTS (SELECT FROM s)
   ) t ON true`,
  );

const PLACE = forBoth(place);

/** Puts steps on record that would begin and do not. Fenced by the claim, like their beginnings. */
@Injectable()
export class StepPlacements {
  /** @returns what there is now: `begun` when this was written; nothing when the job is gone */
  async place(
    transaction: StatementRunner,
    held: HeldLease,
    step: StepStart,
    workerId: string,
    placement: Placement,
  ): Promise<Beginning | undefined> {
    const values = [...stepValues(held, step, workerId), ...valuesOf(placement), ...taskOf(held)];
    return (await transaction.execute(PLACE(held), values))[0];
  }
}

function valuesOf(placement: Placement): unknown[] {
  switch (placement.kind) {
    case 'waits':
      return ['SCHEDULED', 'AwaitingConcurrencySlot', null, null, null, placement.reason, null];
    case 'refused':
      return ['FAILED', 'Failed', null, null, JSON.stringify(placement.fault), null, null];
    case 'cached': {
      const { origin, value, outputs } = placement;
      const files = outputs.length === 0 ? null : JSON.stringify(outputs);
      return ['COMPLETED', 'Cached', value, files, null, null, JSON.stringify(origin)];
    }
  }
}
