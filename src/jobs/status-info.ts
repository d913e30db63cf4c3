import type { FastifyRequest } from 'fastify';
import { Injectable } from '@nestjs/common';
import { LinkBuilder } from '../ogc/links/link-builder.js';
import { LinkRelation } from '../ogc/links/link-relation.js';
import type { Link } from '../ogc/links/link.js';
import { MediaType } from '../ogc/negotiation/media-type.js';
import { type JobStatus, statusOf } from './job-state.js';
import type { JobStatusRow } from './store/job-row.js';

/** `statusInfo.yaml` of 1.0 and of the 2.0 draft in one, with our finer `state` beside. No member is ever null. */
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
  state: { type: string; name: string };
  /** Why an accepted job does not run yet. */
  waitingReason?: string;
  links: Link[];
}

/** Describes jobs to clients (OGC 18-062r2 /req/core/job-success). */
@Injectable()
export class StatusInfoPresenter {
  constructor(private readonly links: LinkBuilder) {}

  present(request: FastifyRequest, job: JobStatusRow): StatusInfo {
    return this.presentAt(this.links.url(request, ''), job);
  }

  /** The same where no request is being answered. @param base absolute URL of the landing page, without a trailing slash */
  presentAt(base: string, job: JobStatusRow): StatusInfo {
    const status = statusOf(job.state_type);
    return {
      jobID: job.id,
      id: job.id,
      type: 'process',
      processingEntityType: 'ogc-api-processes',
      processID: job.process_id,
      status,
      ...(job.message !== null && { message: job.message }),
      ...(job.progress !== null && { progress: job.progress }),
      created: job.created_at.toISOString(),
      ...(job.started_at && { started: job.started_at.toISOString() }),
      ...(job.finished_at && { finished: job.finished_at.toISOString() }),
      updated: job.updated_at.toISOString(),
      state: { type: job.state_type, name: job.state_name },
      ...(status === 'accepted' && { waitingReason: waitingReason(job) }),
      links: linksOf(base, job, status),
    };
  }

  /** What `DELETE` answers for a job that is being dismissed or was removed (/req/dismiss/job-dismiss-success). */
  presentDismissed(request: FastifyRequest, job: JobStatusRow): StatusInfo {
    const info = this.present(request, job);
    const message = job.state_type === 'CANCELLED' ? 'Dismissed' : 'The job and its results were removed';
    return { ...info, status: 'dismissed', message, links: [this.links.to(request, '/jobs', LinkRelation.up)] };
  }
}

function linksOf(base: string, job: JobStatusRow, status: JobStatus): Link[] {
  const to = (path: string, rel: string, title: string): Link => ({
    href: `${base}${path}`,
    rel,
    type: MediaType.json,
    title,
  });
  const path = `/jobs/${job.id}`;
  return [
    to(path, LinkRelation.self, 'This job'),
    to(path, LinkRelation.monitor, 'The status of this job'),
    ...(status === 'successful' ? [to(`${path}/results`, LinkRelation.results, 'The results')] : []),
    ...(status === 'failed' ? [to(`${path}/results`, LinkRelation.exceptions, 'Why it failed')] : []),
    to(`${path}/logs`, LinkRelation.log, 'What the process logged'),
    to(`/processes/${encodeURIComponent(job.process_id)}`, LinkRelation.up, 'The process'),
  ];
}

function waitingReason(job: JobStatusRow): string {
  return job.state_name === 'AwaitingRecovery'
    ? `lost its executor ${job.recoveries} time(s), waits for another worker`
    : 'waits for a worker';
}
