import type { OutgoingHttpHeaders } from 'node:http';
import { Get, Param, Query, Req, Res } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiController } from '../../ogc/http/api-controller.decorator.js';
import { LinkBuilder } from '../../ogc/links/link-builder.js';
import { LinkRelation } from '../../ogc/links/link-relation.js';
import { MediaType } from '../../ogc/media-type.js';
import { ApiFormatQuery } from '../../ogc/negotiation/format-query.decorator.js';
import { chooseRepresentation } from '../../ogc/negotiation/representation.js';
import { encodeCursor } from '../../ogc/paging/cursor.js';
import { ApiLimitQuery } from '../../ogc/paging/limit-query.decorator.js';
import { parseLimit } from '../../ogc/paging/limit.js';
import { pageLinks } from '../../ogc/paging/page-links.js';
import { toEventDocument } from '../events/event-document.js';
import { EventFeed } from '../events/event-feed.js';
import { isTerminal } from '../job-state.js';
import { JobEvents } from '../store/job-events.js';
import { type JobDetailRow, JobReader } from '../store/job-reader.js';
import { parseEventPosition } from './event-position.js';
import { JobEventPageDto } from './job-event.dto.js';

/** The history of a job, as pages and as a stream of server-sent events. */
@ApiController('Jobs', 'jobs/:jobID/events')
export class JobEventsController {
  constructor(
    private readonly reader: JobReader,
    private readonly events: JobEvents,
    private readonly feed: EventFeed,
    private readonly links: LinkBuilder,
  ) {}

  /**
   * GET /jobs/{jobID}/events: oldest first. As `text/event-stream`, the events that are there and those to come, until
   * the job has ended. A client that comes back gets those of calls to the subscriber that are still owed, and 204 when
   * it has them all, which tells it not to come back again.
   */
  @Get()
  @ApiOperation({ operationId: 'getEvents', summary: 'The events of a job, as pages or as a stream' })
  @ApiParam({ name: 'jobID', schema: { type: 'string' } })
  @ApiLimitQuery()
  @ApiQuery({ name: 'cursor', required: false, type: String, description: 'From the next link of a page' })
  @ApiQuery({ name: 'after', required: false, type: Number, description: 'Only events beyond this number' })
  @ApiQuery({ name: 'lastEventId', required: false, type: Number, description: 'As the header Last-Event-ID' })
  @ApiFormatQuery('json', 'sse')
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'Number of the last event the client has' })
  @ApiExtraModels(JobEventPageDto)
  @ApiOkResponse({
    description: 'The events',
    content: {
      [MediaType.json]: { schema: { $ref: getSchemaPath(JobEventPageDto) } },
      [MediaType.eventStream]: { schema: { type: 'string', description: 'One jobEvent per server-sent event' } },
    },
  })
  @ApiResponse({
    status: 204,
    description:
      'A stream would be empty: the job has ended, the client has its events, and no subscriber is owed a call',
  })
  async read(
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
    @Param('jobID') jobId: string,
    @Query() query: Record<string, unknown>,
  ): Promise<void> {
    const type = chooseRepresentation(request, [MediaType.json, MediaType.eventStream]);
    const after = parseEventPosition({ ...query, header: request.headers['last-event-id'] });
    const limit = parseLimit(query.limit);
    const job = await this.reader.get(jobId);
    reply.header('vary', 'accept');
    if (type === MediaType.json) await reply.send(await this.page(request, job, after, limit));
    else await this.stream(request, reply, job, after);
  }

  private async page(
    request: FastifyRequest,
    job: JobDetailRow,
    after: number,
    limit: number,
  ): Promise<JobEventPageDto> {
    const rows = await this.events.page(job.id, after, limit + 1);
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    const stream = this.links.to(request, `/jobs/${job.id}/events`, LinkRelation.alternate, {
      type: MediaType.eventStream,
    });
    return {
      events: page.map(toEventDocument),
      links: [...pageLinks(this.links.self(request), { next: last && encodeCursor(last.seq) }), stream],
    };
  }

  private async stream(request: FastifyRequest, reply: FastifyReply, job: JobDetailRow, after: number): Promise<void> {
    this.feed.requireOpen();
    const hasEnded = isTerminal(job.state_type);
    if (hasEnded && (await this.isOver(job.id, after))) return void (await reply.code(204).send());
    reply.hijack();
    // What plugins have set, such as the headers of CORS, is lost on a reply that is taken over.
    reply.raw.writeHead(200, {
      ...(reply.getHeaders() as OutgoingHttpHeaders),
      'content-type': MediaType.eventStream,
      'cache-control': 'no-store, no-transform',
      // Asks nginx not to gather the stream.
      'x-accel-buffering': 'no',
    });
    if (request.method === 'HEAD') return void reply.raw.end();
    reply.raw.flushHeaders();
    this.feed.follow(job.id, after, reply.raw, hasEnded);
  }

  /** Whether there is nothing that the client lacks, and nothing to come: the calls of a job are events too. */
  private async isOver(jobId: string, after: number): Promise<boolean> {
    const [news] = await this.events.news([{ jobId, after }]);
    return news !== undefined && news.events.length === 0 && !news.owesCalls;
  }
}
