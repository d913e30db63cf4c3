import type { FastifyRequest } from 'fastify';
import { Injectable } from '@nestjs/common';
import { LinkBuilder } from '../ogc/links/link-builder.js';
import { LinkRelation } from '../ogc/links/link-relation.js';
import type { Link } from '../ogc/links/link.js';
import { MediaType } from '../ogc/media-type.js';
import type { Dismissal } from './dismissal.service.js';
import { type JobStatus, statusOf } from './job-state.js';
import { DISMISSED } from './store/job-cancellation.js';
import type { JobDetailRow, JobQuestion } from './store/job-reader.js';
import type { JobStatusRow } from './store/job-row.js';

/** A job, with what only its own status document tells. */
type PresentableJob = JobStatusRow & Partial<Pick<JobDetailRow, 'questions' | 'children'>>;

/**
 * `statusInfo.yaml` of 1.0 and of the 2.0 draft in one, with our finer `state` beside. No member is ever null; one that is
 * undefined is left out of the JSON.
 */
export interface StatusInfo {
  jobID: string;
  id: string;
  type: 'process';
  processingEntityType: 'ogc-api-processes';
  processID: string;
  status: JobStatus;
  message?: string;
  progress?: number;
  created: string;
  started?: string;
  finished?: string;
  updated: string;
  state: { type: string; name: string; message?: string };
  /** Why a job does not run (any further) now. */
  waitingReason?: string;
  /** What its steps ask for; `POST /jobs/{jobID}/resume` answers. */
  inputRequests?: InputRequestInfo[];
  links: Link[];
}

/** What a step of a job asks people for. */
export interface InputRequestInfo {
  /** key of the step */
  task: string;
  name: string;
  message?: string;
  /** JSON Schema of the answer */
  schema: Readonly<Record<string, unknown>>;
  /** Until when an answer is taken. */
  until: string;
}

/** Describes jobs to clients (OGC 18-062r2 /req/core/job-success). */
@Injectable()
export class StatusInfoPresenter {
  constructor(private readonly links: LinkBuilder) {}

  present(request: FastifyRequest, job: PresentableJob): StatusInfo {
    return this.presentAt(this.links.url(request, ''), job);
  }

  /** The same where no request is being answered. @param base absolute URL of the landing page, without a trailing slash */
  presentAt(base: string, job: PresentableJob): StatusInfo {
    const status = statusOf(job.state_type);
    const message = job.message ?? undefined;
    const waits = status === 'accepted' || job.state_type === 'PAUSED';
    return {
      jobID: job.id,
      id: job.id,
      type: 'process',
      processingEntityType: 'ogc-api-processes',
      processID: job.process_id,
      status,
      message,
      progress: job.progress ?? undefined,
      created: job.created_at.toISOString(),
      started: job.started_at?.toISOString(),
      finished: job.finished_at?.toISOString(),
      updated: job.updated_at.toISOString(),
      state: { type: job.state_type, name: job.state_name, message },
      waitingReason: waits ? waitingReason(job) : undefined,
      inputRequests: job.questions?.map(toInputRequest),
      links: linksOf(base, job, status),
    };
  }

  /** What `DELETE` answers, whose status is `dismissed` in any case (/req/dismiss/job-dismiss-success). */
  presentDismissed(request: FastifyRequest, { job, outcome }: Dismissal): StatusInfo {
    const info = this.present(request, job);
    const message = outcome === 'dismissed' ? DISMISSED : 'The job was removed with its outputs';
    return { ...info, status: 'dismissed', message, links: [this.links.to(request, '/jobs', LinkRelation.up)] };
  }
}

function linksOf(base: string, job: PresentableJob, status: JobStatus): Link[] {
  const links: Link[] = [];
  const add = (path: string, rel: string, title: string): void => {
    links.push({ href: `${base}${path}`, rel, type: MediaType.json, title });
  };
  const path = `/jobs/${job.id}`;
  add(path, LinkRelation.self, 'This job');
  add(path, LinkRelation.monitor, 'The status of this job');
  if (status === 'successful' && !job.wants_nothing) add(`${path}/results`, LinkRelation.results, 'The results');
  if (status === 'failed') add(`${path}/results`, LinkRelation.exceptions, 'Why it failed');
  add(`${path}/logs`, LinkRelation.log, 'What the process logged');
  add(`${path}/events`, LinkRelation.events, 'What happened to this job');
  add(`${path}/tasks`, LinkRelation.tasks, 'Its steps');
  add(`${path}/graph`, LinkRelation.graph, 'Its steps and how far they are, as a graph');
  add(`${path}/artifacts`, LinkRelation.artifacts, 'What it shows');
  if (job.parent_id) add(`/jobs/${job.parent_id}`, LinkRelation.parentJob, 'The job whose step started it');
  for (const id of job.children ?? []) {
    add(`/jobs/${id}`, LinkRelation.childJob, 'A job that one of its steps started');
  }
  if (job.retry_of) add(`/jobs/${job.retry_of}`, LinkRelation.retryOf, 'The job that it repeats');
  if (job.cached_from) {
    add(`/jobs/${job.cached_from}`, LinkRelation.cachedFrom, 'The job whose results it took over');
  }
  add(`/processes/${encodeURIComponent(job.process_id)}`, LinkRelation.up, 'The process');
  return links;
}

function toInputRequest({ task, name, request, until }: JobQuestion): InputRequestInfo {
  const { schema, message } = request;
  return { task, name, ...(message !== undefined && { message }), schema, until: new Date(until).toISOString() };
}

function waitingReason(job: JobStatusRow): string {
  if (job.waiting_reason) return job.waiting_reason;
  if (job.due_at) {
    const time = job.due_at.toISOString();
    return job.state_name === 'Sleeping' ? `sleeps until ${time}` : `is tried again at ${time}`;
  }
  return job.state_name === 'AwaitingRecovery'
    ? `lost its executor ${job.recoveries} time(s), waits for another worker`
    : 'waits for a worker';
}
