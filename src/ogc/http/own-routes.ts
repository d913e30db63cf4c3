import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Settings } from '../../config/settings.js';
import { ProblemFilter } from '../problems/problem.filter.js';
import { OWN_ROUTE } from './api-controller.decorator.js';
import { acceptStreams, isStreamRoute, leaveBodyUnread } from './stream-body.js';

/**
 * Gives the routes of our controllers what they need in any application: bodies up to MAX_BODY, and problem documents
 * for errors that Fastify finds before a controller is called, such as malformed JSON. Routes of a host application
 * keep their own ways.
 */
@Injectable()
export class OwnRoutes {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly filter: ProblemFilter,
    private readonly settings: Settings,
  ) {}

  /** To be called before Nest registers routes. @throws Error in an application that is not built on Fastify */
  equip(): void {
    const adapter = this.adapterHost.httpAdapter;
    if (adapter?.getType() !== 'fastify') {
      throw new Error(
        'Sluice serves HTTP through Fastify: create the application with NestFactory.create(AppModule, new FastifyAdapter()).',
      );
    }
    const fastify = adapter.getInstance<FastifyInstance>();
    acceptStreams(fastify);
    fastify.addHook('onRoute', (route) => {
      if (!isOwn(route.config)) return;
      route.bodyLimit = this.settings.MAX_BODY;
      if (isStreamRoute(route.config)) leaveBodyUnread(route);
      route.errorHandler = (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
        this.filter.answer(error, request, reply);
    });
  }
}

function isOwn(config: object | undefined): boolean {
  return config !== undefined && Object.keys(OWN_ROUTE).every((mark) => mark in config);
}
