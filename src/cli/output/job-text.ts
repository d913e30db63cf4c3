import { jobIdOf, type LogLine, type StatusInfo } from '../client/ogc-documents.js';
import { questionText } from './question-text.js';
import { table } from './table.js';

/** Jobs for people, one line each. */
export function jobTable(jobs: readonly StatusInfo[]): string {
  if (jobs.length === 0) return 'No jobs.';
  const rows = jobs.map((job) => [
    jobIdOf(job),
    job.status,
    job.progress === undefined ? '' : `${job.progress}%`,
    job.processID ?? '',
    job.created ?? job.started ?? '',
    oneLine(job.message ?? ''),
  ]);
  return table([['JOB', 'STATUS', 'DONE', 'PROCESS', 'CREATED', 'MESSAGE'], ...rows]).join('\n');
}

/** One job for people. */
export function jobText(job: StatusInfo): string {
  const facts: [string, string | undefined][] = [
    ['Job', jobIdOf(job)],
    ['Process', job.processID],
    ['Status', job.status],
    ['Progress', job.progress === undefined ? undefined : `${job.progress}%`],
    ['Waiting', job.waitingReason],
    ['Message', job.message],
    ['Created', job.created],
    ['Started', job.started],
    ['Finished', job.finished],
  ];
  const lines = table(facts.filter((fact): fact is [string, string] => fact[1] !== undefined));
  const questions = (job.inputRequests ?? []).map((request) => questionText(jobIdOf(job), request));
  return [...lines, ...questions].join('\n');
}

/** `time level [task] message {data}` */
export function logText({ time, level, message, data = {} }: LogLine): string {
  const { task, ...rest } = data;
  const place = typeof task === 'string' ? `[${task}]` : undefined;
  const details = place === undefined ? data : rest;
  const text = Object.keys(details).length > 0 ? JSON.stringify(details) : undefined;
  return [time, level?.padEnd(5), place, message, text].filter((part) => part !== undefined).join(' ');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 80);
}
