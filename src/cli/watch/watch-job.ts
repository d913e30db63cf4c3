import { setTimeout as delay } from 'node:timers/promises';
import { hasEnded, type LogLine, type StatusInfo } from '../client/ogc-documents.js';
import type { OgcClient } from '../client/ogc-client.js';
import { ServerProblem } from '../client/server-problem.js';
import { TransportError } from '../client/transport-error.js';
import { CliError } from '../cli-error.js';
import { JobLog } from './job-log.js';

/** Who hears how a job goes, and until when. */
export interface Watcher {
  readonly onStatus?: (info: StatusInfo) => void;
  /** Absent: the log is not read. */
  readonly onLog?: (line: LogLine) => void;
  /** Whether a server without logs ends the watch with its problem; else the watch goes on without them. */
  readonly needsLog?: boolean;
  /** Least level of log lines. */
  readonly level?: string;
  /** Aborts the watch with its reason. */
  readonly signal?: AbortSignal;
}

const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 5_000;
/** What a server may ask for by Retry-After at most, so that a strange value does not end the watch. */
const LONGEST_REQUESTED = 60_000;
/** How long a server may be away, in milliseconds, before the watch gives up. */
const LONGEST_OUTAGE = 60_000;

/**
 * Follows a job to its end by asking for its status, ever less often, never sooner than the server asks. Outages that
 * pass are waited out.
 * @returns the last status
 * @throws ServerProblem when there is no such job, or no log of it that is needed; TransportError when the server stays away; the reason of the signal
 */
export async function watchJob(client: OgcClient, jobId: string, watcher: Watcher): Promise<StatusInfo> {
  const { signal } = watcher;
  let log = watcher.onLog && new JobLog(client, jobId, watcher.level);
  let pause = FIRST_PAUSE;
  let outage: number | undefined;
  for (;;) {
    let requested = 0;
    try {
      const { info, retryAfter = 0 } = await client.jobStatus(jobId, signal);
      requested = retryAfter;
      outage = undefined;
      if (log && !(await readLog(log, watcher))) log = undefined;
      watcher.onStatus?.(info);
      if (hasEnded(info)) return info;
    } catch (error) {
      if (!mayPass(error)) throw error;
      outage ??= Date.now();
      if (Date.now() - outage > LONGEST_OUTAGE) throw error;
      requested = (error instanceof ServerProblem && error.retryAfter) || 0;
    }
    await wait(Math.max(pause, Math.min(requested * 1_000, LONGEST_REQUESTED)), signal);
    pause = Math.min(pause * 1.5, LONGEST_PAUSE);
  }
}

/** @returns whether the server has logs at all; this API has, the standard knows none */
async function readLog(log: JobLog, { onLog, needsLog, signal }: Watcher): Promise<boolean> {
  try {
    for await (const line of log.more(signal)) onLog!(line);
    return true;
  } catch (error) {
    if (needsLog || mayPass(error) || signal?.aborted || !(error instanceof CliError)) throw error;
    return false;
  }
}

function mayPass(error: unknown): boolean {
  return (
    error instanceof TransportError || (error instanceof ServerProblem && [429, 502, 503, 504].includes(error.status))
  );
}

async function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (error) {
    throw signal?.reason ?? error;
  }
}
