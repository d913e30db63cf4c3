import type { OgcClient } from '../client/ogc-client.js';
import type { StatusInfo } from '../client/ogc-documents.js';
import { describeProblem, type ProblemDocument, ServerProblem } from '../client/server-problem.js';
import { CliError } from '../cli-error.js';
import { ExitCode } from '../exit-code.js';
import { logText } from '../output/job-text.js';
import { questionText } from '../output/question-text.js';
import { Interruption } from './interruption.js';
import { ProgressLine } from './progress-line.js';
import { watchJob } from './watch-job.js';

/** How a command follows a job to its end. */
export interface WatchOptions {
  /** Milliseconds to wait at most. */
  readonly timeout?: number;
  /** What has watched over the command so far, its timeout included; ended here. Absent: begins here. */
  readonly interruption?: Interruption;
  /** Whether Ctrl-C dismisses the job; else it only ends the watch. */
  readonly dismissOnInterrupt?: boolean;
  /** No progress and no log lines. */
  readonly quiet?: boolean;
  readonly json?: boolean;
  /** What to do once the job was successful. */
  readonly finish: (job: StatusInfo) => void | Promise<void>;
}

/**
 * Follows a job to its end with a progress bar and its log on standard error.
 * @throws CliError with the exit code for a job that failed or was dismissed, for a timeout and an interruption
 */
export async function watchToEnd(client: OgcClient, jobId: string, options: WatchOptions): Promise<void> {
  const advice = `The job goes on. Follow it with "sluice jobs ${jobId} --watch", end it with "sluice dismiss ${jobId}".`;
  const dismiss = options.dismissOnInterrupt
    ? () => void client.dismiss(jobId).catch((error: Error) => line.above(`Could not dismiss: ${error.message}`))
    : undefined;
  const line = new ProgressLine();
  const interruption = options.interruption ?? new Interruption(options.timeout);
  interruption.leaveRunning(advice, dismiss);
  const shows = !options.quiet && !options.json;
  const asked = new Set<string>();
  const show = (info: StatusInfo) => {
    for (const request of info.inputRequests ?? []) {
      if (!asked.has(request.task)) line.above(questionText(jobId, request));
      asked.add(request.task);
    }
    line.show(info);
  };
  let job: StatusInfo;
  try {
    job = await watchJob(client, jobId, {
      signal: interruption.signal,
      ...(shows && { onStatus: show, onLog: (entry) => line.above(logText(entry)) }),
    });
  } finally {
    line.clear();
    interruption.end();
  }
  await requireSuccess(client, jobId, job);
  await options.finish(job);
}

/** @throws CliError for a job that failed, with the reason that its results tell, or was dismissed */
export async function requireSuccess(client: OgcClient, jobId: string, job: StatusInfo): Promise<void> {
  const end = endOfJob(jobId, job, job.status === 'failed' ? await problemOf(client, jobId) : undefined);
  if (end !== undefined) throw end;
}

/**
 * How a command ends for a job that was not successful.
 * @param problem why it failed, where that is known
 * @returns nothing for a job that was successful, or goes on
 */
export function endOfJob(jobId: string, job: StatusInfo, problem?: ProblemDocument): CliError | undefined {
  if (job.status === 'dismissed') {
    return new CliError(`Job ${jobId} was dismissed.`, ExitCode.jobDismissed, undefined, { job });
  }
  if (job.status !== 'failed') return undefined;
  const reason = problem ? describeProblem(problem) : job.message;
  const message = [`Job ${jobId} failed.`, ...(reason === undefined ? [] : [reason])].join('\n');
  return new CliError(message, ExitCode.jobFailed, undefined, { job, ...(problem && { problem }) });
}

/** The results of a failed job are its problem (/req/core/job-results-failed). */
async function problemOf(client: OgcClient, jobId: string): Promise<ProblemDocument | undefined> {
  try {
    await (await client.results(jobId)).body.dump();
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    if (error instanceof ServerProblem) return error.problem;
  }
  return undefined;
}
