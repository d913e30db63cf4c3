import { applyDecorators, Get, Param, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiQuery } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isStorableText } from '../../database/storable-text.js';
import { JobReader } from '../../jobs/store/job-reader.js';
import { ApiController } from '../../ogc/http/api-controller.decorator.js';
import { LinkBuilder } from '../../ogc/links/link-builder.js';
import { ApiFormatQuery } from '../../ogc/negotiation/format-query.decorator.js';
import { MediaType } from '../../ogc/media-type.js';
import { chooseRepresentation } from '../../ogc/negotiation/representation.js';
import { invalidQuery } from '../../ogc/problems/invalid-query.js';
import { decodeCursor, encodeCursor } from '../../ogc/paging/cursor.js';
import { parseLimit } from '../../ogc/paging/limit.js';
import { pageLinks } from '../../ogc/paging/page-links.js';
import { Artifacts } from '../store/artifacts.js';
import { TaskList } from '../store/task-list.js';
import { ArtifactPageDto, toArtifactDto } from './artifact.dto.js';
import { TaskPageDto, toTaskDto } from './task.dto.js';

const TASK_CURSOR = z.tuple([z.int32(), z.string()]);
const ARTIFACT_CURSOR = z.string();

/** The steps of a job, and what it shows to people. */
@ApiController('Tasks', 'jobs/:jobID')
export class TasksController {
  constructor(
    private readonly reader: JobReader,
    private readonly tasks: TaskList,
    private readonly artifacts: Artifacts,
    private readonly links: LinkBuilder,
  ) {}

  /** GET /jobs/{jobID}/tasks: in the order of their first beginning. */
  @Get('tasks')
  @ApiOperation({ operationId: 'getTasks', summary: 'The steps of a job, with their attempts and errors' })
  @ApiJobPage()
  @ApiQuery({
    name: 'tag',
    required: false,
    description: 'Only steps with one of these tags',
    schema: { type: 'array', items: { type: 'string' } },
    style: 'form',
    explode: true,
  })
  @ApiOkResponse({ type: TaskPageDto })
  async taskPage(
    @Req() request: FastifyRequest,
    @Param('jobID') jobId: string,
    @Query('limit') limitText?: unknown,
    @Query('cursor') cursorText?: unknown,
    @Query('tag') tag?: unknown,
  ): Promise<TaskPageDto> {
    chooseRepresentation(request, [MediaType.json]);
    const limit = parseLimit(limitText);
    const after = decodeCursor(cursorText, TASK_CURSOR);
    const { id } = await this.reader.get(jobId);
    const rows = await this.tasks.page(id, limit + 1, after, tagsFrom(tag));
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    return {
      tasks: page.map(toTaskDto),
      links: pageLinks(this.links.self(request), { next: last && encodeCursor([last.seq, last.key]) }),
    };
  }

  /** GET /jobs/{jobID}/artifacts: in the order of their keys. */
  @Get('artifacts')
  @ApiOperation({ operationId: 'getArtifacts', summary: 'The tables, texts, links, images and bars that a job shows' })
  @ApiJobPage()
  @ApiOkResponse({ type: ArtifactPageDto })
  async artifactPage(
    @Req() request: FastifyRequest,
    @Param('jobID') jobId: string,
    @Query('limit') limitText?: unknown,
    @Query('cursor') cursorText?: unknown,
  ): Promise<ArtifactPageDto> {
    chooseRepresentation(request, [MediaType.json]);
    const limit = parseLimit(limitText);
    const after = decodeCursor(cursorText, ARTIFACT_CURSOR);
    const { id } = await this.reader.get(jobId);
    const rows = await this.artifacts.page(id, limit + 1, after);
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    return {
      artifacts: page.map(toArtifactDto),
      links: pageLinks(this.links.self(request), { next: last && encodeCursor(last.key) }),
    };
  }
}

/** A parameter that is given several times arrives as an array. @throws DomainError `invalid-query-parameter` */
function tagsFrom(value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const tags = [value].flat();
  const isTag = (tag: unknown): tag is string => typeof tag === 'string' && tag !== '' && isStorableText(tag);
  if (tags.every(isTag)) return tags;
  throw invalidQuery('tag', 'must be the tag of a step; give it again for another one');
}

function ApiJobPage(): MethodDecorator {
  return applyDecorators(
    ApiParam({ name: 'jobID', schema: { type: 'string' } }),
    ApiQuery({
      name: 'limit',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 10_000, default: 10 },
    }),
    ApiQuery({ name: 'cursor', required: false, type: String, description: 'From the next link of a page' }),
    ApiFormatQuery('json'),
  );
}
