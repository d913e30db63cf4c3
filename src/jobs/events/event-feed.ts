import type { ServerResponse } from 'node:http';
import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { isDatabaseUnavailable } from '../../database/database-unavailable.js';
import { Notifications } from '../../database/notifications.js';
import { DomainError } from '../../ogc/problems/domain-error.js';
import { CANCEL_CHANNEL, CHANGE_CHANNEL, JOB_CHANNEL } from '../job-channels.js';
import { type JobEventRow, JobEvents, type NewEvents } from '../store/job-events.js';
import { toServerSentEvent } from './event-document.js';
import { EventReader } from './event-reader.js';

/** How often the rows of all watched jobs are looked at, in case a wake-up was lost. Milliseconds. */
const SAFETY_POLL = 2_000;
/** Jobs that one statement looks at. */
const MOST_JOBS = 500;

/**
 * Feeds all event streams of this node. A notification says which jobs to look at, the rows say what is new; one
 * statement serves all readers of all jobs that were woken meanwhile, however many there are.
 */
@Injectable()
export class EventFeed implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(EventFeed.name);
  private readonly readers = new Map<string, Set<EventReader>>();
  private woken = new Set<string>();
  private looking = false;
  private closing = false;
  private poll: NodeJS.Timeout | undefined;
  private heartbeat: NodeJS.Timeout | undefined;

  constructor(
    private readonly events: JobEvents,
    private readonly notifications: Notifications,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    for (const channel of [JOB_CHANNEL, CHANGE_CHANNEL, CANCEL_CHANNEL]) {
      this.notifications.on(channel, (payload) => this.wake(payload.split(',')));
    }
  }

  /** Streams are endless: they are ended before the server waits for its connections. */
  onModuleDestroy(): void {
    this.closing = true;
    for (const readers of this.readers.values()) for (const reader of readers) reader.end();
  }

  /**
   * Streams the events of a job to a client until the job has ended, the client has gone or the service stops. A
   * service that is stopping ends the stream at once: the client comes back with its last event, to another node.
   * @param after number of the last event the client has
   * @param response whose head is sent
   * @param staysForCalls whether the end of the stream is not that of the job, but of the calls to its subscriber
   */
  follow(jobId: string, after: number, response: ServerResponse, staysForCalls = false): void {
    if (this.closing) {
      response.end();
      return;
    }
    const reader = new EventReader(
      jobId,
      after,
      response,
      staysForCalls,
      () => this.wake([jobId]),
      () => this.remove(reader),
    );
    const readers = this.readers.get(jobId) ?? new Set();
    this.readers.set(jobId, readers.add(reader));
    this.poll ??= setInterval(() => this.wake(this.readers.keys()), SAFETY_POLL).unref();
    this.heartbeat ??= setInterval(() => this.beat(), this.settings.EVENTS_HEARTBEAT).unref();
    this.wake([jobId]);
  }

  /** @throws DomainError `shutting-down` when no stream can be begun any more */
  requireOpen(): void {
    if (this.closing) throw new DomainError('shutting-down', 'The service is shutting down.', { retryAfter: 5 });
  }

  private remove(reader: EventReader): void {
    const readers = this.readers.get(reader.jobId);
    readers?.delete(reader);
    if (readers?.size === 0) this.readers.delete(reader.jobId);
    if (this.readers.size > 0) return;
    clearInterval(this.poll);
    clearInterval(this.heartbeat);
    this.poll = this.heartbeat = undefined;
  }

  private beat(): void {
    for (const readers of this.readers.values()) for (const reader of readers) reader.beat();
  }

  private wake(jobIds: Iterable<string>): void {
    for (const jobId of jobIds) if (this.readers.has(jobId)) this.woken.add(jobId);
    if (this.woken.size > 0 && !this.looking) void this.look();
  }

  /** What is woken while a look is under way is looked at next, together. */
  private async look(): Promise<void> {
    this.looking = true;
    while (this.woken.size > 0) {
      const jobIds = [...this.woken].slice(0, MOST_JOBS);
      for (const jobId of jobIds) this.woken.delete(jobId);
      try {
        await this.lookAt(jobIds);
      } catch (error) {
        const message = `Event streams wait for the database: ${(error as Error).message}`;
        if (isDatabaseUnavailable(error)) this.logger.debug(message);
        else this.logger.error(message);
        break;
      }
    }
    this.looking = false;
  }

  private async lookAt(jobIds: readonly string[]): Promise<void> {
    const positions = jobIds.flatMap((jobId) => {
      const ready = this.readyReaders(jobId);
      // The rows of the reader who is furthest behind serve the others too.
      return ready.length === 0 ? [] : [{ jobId, after: Math.min(...ready.map((reader) => reader.after)) }];
    });
    if (positions.length === 0) return;
    const news = new Map((await this.events.news(positions)).map((job) => [job.jobId, job]));
    for (const { jobId, after } of positions) {
      const job = news.get(jobId);
      if (job === undefined) this.end(jobId);
      else this.deliver(job, after);
    }
  }

  /**
   * Hands on what one look has found. A reader who joined after the look had begun, and is further behind than it looked,
   * is left to the next look, for which joining has woken the job: the news would skip events for it.
   * @param after number of the event after which `news` begins
   */
  private deliver(news: NewEvents, after: number): void {
    const texts = new Map<number, string>();
    const encode = (event: JobEventRow): string => {
      const text = texts.get(event.seq) ?? toServerSentEvent(event);
      texts.set(event.seq, text);
      return text;
    };
    for (const reader of this.readyReaders(news.jobId)) {
      if (reader.after < after) continue;
      if (reader.take(news, encode)) this.woken.add(news.jobId);
    }
  }

  /** The job was removed; nobody will hear of it again. */
  private end(jobId: string): void {
    for (const reader of this.readers.get(jobId) ?? []) reader.end();
  }

  private readyReaders(jobId: string): EventReader[] {
    return [...(this.readers.get(jobId) ?? [])].filter((reader) => reader.isReady);
  }
}
