import type { SoakSite } from './soak-site.js';

const STEPS = 5;

/** What is left of the work when all is over. */
export interface Verdict {
  /** Jobs that were accepted. */
  readonly jobs: number;
  /** Jobs that did not end successfully or are not there, steps and effects that are missing, gaps in histories. */
  readonly lost: number;
  /** Transactional effects, records of steps, jobs and computations of a kept result beyond the one that there should be. */
  readonly duplicated: number;
  /** Plain effects beyond one per step: steps that were under way when their worker was killed. */
  readonly repeated: number;
  /** Where to look, when something is lost or duplicated. */
  readonly suspects: readonly string[];
}

interface Figures {
  readonly id: string;
  readonly state_name: string;
  readonly process_id: string;
  readonly outputs: number;
  /** Whether it has its results from a job that computed them. */
  readonly has_origin: boolean;
  /** How many jobs have computed what this one had to, itself included. */
  readonly computed: number;
  readonly seq: number;
  readonly events: number;
  readonly ends: number;
  readonly ended_steps: number;
  readonly effects: number;
  readonly affected_steps: number;
}

const FIGURES = `
  SELECT j.id, j.state_name, j.process_id, j.seq, e.*, x.*,
    (SELECT count(*)::int FROM job_output WHERE job_id = j.id) AS outputs,
    EXISTS (SELECT FROM job o WHERE o.id = j.cached_from AND o.state_name = 'Completed') AS has_origin,
    CASE WHEN j.process_id = 'soak-cached' THEN count(*) FILTER (WHERE j.state_name = 'Completed')
      OVER (PARTITION BY j.process_id, j.inputs ->> 'group') ELSE 1 END::int AS computed
  FROM job j, LATERAL (
    SELECT count(*)::int AS events, count(*) FILTER (WHERE type = 'task-completed')::int AS ends,
      count(DISTINCT data ->> 'task') FILTER (WHERE type = 'task-completed')::int AS ended_steps
    FROM job_event WHERE job_id = j.id
  ) e, LATERAL (
    SELECT count(*)::int AS effects, count(DISTINCT step)::int AS affected_steps FROM public.soak_effect WHERE job_id = j.id
  ) x`;

/** Looks at every job, every step and every effect. */
export async function judge(site: SoakSite, accepted: readonly string[]): Promise<Verdict> {
  const rows = await site.query<Figures>(FIGURES);
  const known = new Set(rows.map(({ id }) => id));
  const lines = await site.journalLines();
  const plain = new Map<string, Set<string>>();
  for (const line of new Set(lines)) {
    const [job, step] = line.split(' ');
    plain.set(job, (plain.get(job) ?? new Set()).add(step));
  }
  let lost = 0;
  let duplicated = 0;
  const suspects: string[] = [];
  const blame = (missing: number, surplus: number, row: object) => {
    lost += missing;
    duplicated += surplus;
    if (missing + surplus > 0) suspects.push(JSON.stringify({ ...row, missing, surplus }));
  };
  for (const id of accepted.filter((job) => !known.has(job))) blame(1, 0, { id, missing: 'row' });
  const ours = new Set(accepted);
  for (const row of rows) {
    if (row.state_name === 'Cached') {
      blame((row.has_origin ? 0 : 1) + (1 - row.outputs) + Math.abs(row.seq - row.events), 0, row);
      continue;
    }
    if (row.state_name !== 'Completed') {
      blame(1, 0, row);
      continue;
    }
    const effects = row.process_id === 'soak-inline' ? STEPS : 0;
    const missing =
      STEPS -
      row.ended_steps +
      (effects - row.affected_steps) +
      (STEPS - (plain.get(row.id)?.size ?? 0)) +
      Math.abs(row.seq - row.events);
    const surplus =
      row.ends - row.ended_steps + (row.effects - row.affected_steps) + (ours.has(row.id) ? 0 : 1) + (row.computed - 1);
    blame(missing, surplus, row);
  }
  return { jobs: accepted.length, lost, duplicated, repeated: lines.length - new Set(lines).size, suspects };
}
