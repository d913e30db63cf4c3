import { Get, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiController } from '../../ogc/http/api-controller.decorator.js';
import { LinkBuilder } from '../../ogc/links/link-builder.js';
import { LinkRelation } from '../../ogc/links/link-relation.js';
import type { Link } from '../../ogc/links/link.js';
import { ProcessRegistry } from '../../processes/process-registry.js';
import { JobGraphs } from '../job-graphs.js';
import { ProcessGraphs } from '../process-graphs.js';
import { ApiGraph } from './graph.openapi.js';
import { chooseGraphFormat, PICTURE_NAMES, PICTURES, sendGraph } from './graph-formats.js';

/** The steps of processes and jobs, as documents and pictures. */
@ApiController('Tasks')
export class GraphsController {
  constructor(
    private readonly registry: ProcessRegistry,
    private readonly processes: ProcessGraphs,
    private readonly jobs: JobGraphs,
    private readonly links: LinkBuilder,
  ) {}

  /** GET /processes/{processID}/graph: found out without running a step. */
  @Get('processes/:processID/graph')
  @ApiGraph('getProcessGraph', 'The steps of a process and what comes after what', 'processID')
  async ofProcess(
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
    @Param('processID') id: string,
  ): Promise<void> {
    const { version, title = id } = this.registry.get(id).description;
    const format = chooseGraphFormat(request);
    const graph = await this.processes.of(id);
    const path = `/processes/${encodeURIComponent(id)}`;
    const links = this.linksOf(request, path, 'The process');
    await sendGraph(reply, format, graph, title, { processID: id, version, ...graph, links });
  }

  /** GET /jobs/{jobID}/graph: the same with what became of the steps. */
  @Get('jobs/:jobID/graph')
  @ApiGraph('getJobGraph', 'The steps of a job: those that are expected, and how far they are', 'jobID')
  async ofJob(
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
    @Param('jobID') jobId: string,
  ): Promise<void> {
    const format = chooseGraphFormat(request);
    const { job, graph } = await this.jobs.of(jobId);
    const { process_id: processID, process_version: version } = job;
    const title = `${this.registry.find(processID)?.description.title ?? processID}: ${job.state_name}`;
    const links = this.linksOf(request, `/jobs/${job.id}`, 'The job');
    await sendGraph(reply, format, graph, title, { jobID: job.id, processID, version, ...graph, links });
  }

  private linksOf(request: FastifyRequest, path: string, title: string): Link[] {
    return [
      this.links.to(request, `${path}/graph`, LinkRelation.self, { title: 'This document' }),
      ...PICTURES.map((type) =>
        this.links.to(request, `${path}/graph?f=${PICTURE_NAMES[type]}`, LinkRelation.alternate, { type }),
      ),
      this.links.to(request, path, LinkRelation.up, { title }),
    ];
  }
}
