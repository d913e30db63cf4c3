import { Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify';
import { Settings } from '../../config/settings.js';
import { parsePrefer } from '../../ogc/prefer.js';
import { ProblemFilter } from '../../ogc/problems/problem.filter.js';
import { ProcessRegistry } from '../../processes/process-registry.js';
import { BareExecution } from '../bare-execution.js';
import { ClientDeparture } from '../client-departure.js';
import { ExecutionResponder } from '../execution-responder.js';
import { ShutdownGrace } from '../shutdown-grace.js';
import { PlainProcess } from './plain-process.js';

/** The route of the controller that this stands before. */
const EXECUTION = /\/processes\/:processID\/execution\/?$/;
/** Providers that Nest puts around every handler. */
const GLOBAL_ENHANCER = /^APP_(?:GUARD|INTERCEPTOR|PIPE)\b/;
/** Request headers that change how a process without limits and cache is executed. */
const TELLING_HEADERS = ['prefer', 'idempotency-key'] as const;
const NOTHING_SAID = { preferences: parsePrefer(undefined) };

/**
 * Answers the plainest execute requests ahead of the controller, on its route: a POST of nothing but inputs to a process
 * that needs neither job nor executor. Whatever is unusual or wrong about a request is left to the controller, which
 * begins from the start; so there is one place that says what is wrong, and one that knows preferences.
 */
@Injectable()
export class PlainExecutions {
  private readonly known = new Map<string, PlainProcess | undefined>();

  constructor(
    private readonly registry: ProcessRegistry,
    private readonly grace: ShutdownGrace,
    private readonly bare: BareExecution,
    private readonly responder: ExecutionResponder,
    private readonly filter: ProblemFilter,
    private readonly modules: ModulesContainer,
    private readonly settings: Settings,
  ) {}

  /**
   * Takes its place in an application whose handlers have nothing else around them, before its routes are registered.
   * Where a module has brought guards, interceptors or pipes for every handler, all requests go to the controller.
   */
  serve(fastify: FastifyInstance): void {
    if (this.hasGlobalEnhancers()) return;
    fastify.addHook('onRoute', (route) => {
      if (route.method === 'POST' && EXECUTION.test(route.url)) route.preHandler = this.answer;
    });
  }

  private readonly answer: preHandlerHookHandler = (request, reply, done) => {
    const plain = this.plainProcess(request);
    const inputs = plain?.inputsOf(request.body);
    if (plain === undefined || inputs === undefined) done();
    else void this.execute(plain, inputs, request, reply, done);
  };

  private async execute(
    plain: PlainProcess,
    inputs: Record<string, unknown>,
    request: FastifyRequest,
    reply: FastifyReply,
    leave: () => void,
  ): Promise<void> {
    const { process, requested } = plain;
    try {
      const checked = process.validateInputs(inputs);
      const violations = checked instanceof Promise ? await checked : checked;
      if (violations.length > 0) return leave();
      const result = await this.bare.runInline(process, inputs, new ClientDeparture(reply.raw));
      if (result.kind === 'results' && plain.isAnsweredWith(reply, result.outputs)) return;
      await this.responder.send(request, reply, { requested, result, applied: requested.mode.applied }, NOTHING_SAID);
    } catch (error) {
      this.filter.answer(error, request, reply);
    }
  }

  /** The process, if the head of the request says nothing that the controller would have to look at. */
  private plainProcess({ raw, params }: FastifyRequest): PlainProcess | undefined {
    const { headers, url = '' } = raw;
    if (headers.accept !== undefined && headers.accept !== '*/*') return undefined;
    if (TELLING_HEADERS.some((name) => headers[name] !== undefined) || url.includes('?')) return undefined;
    return this.grace.isClosing ? undefined : this.find((params as { processID: string }).processID);
  }

  private find(id: string): PlainProcess | undefined {
    const found = this.known.get(id);
    if (found !== undefined || this.known.has(id)) return found;
    const process = this.registry.find(id);
    if (process === undefined) return undefined;
    const plain = PlainProcess.of(process, this.settings.DEFAULT_DIALECT);
    this.known.set(id, plain);
    return plain;
  }

  private hasGlobalEnhancers(): boolean {
    return [...this.modules.values()].some(({ providers, injectables }) =>
      [...providers.keys(), ...injectables.keys()].some(
        (token) => typeof token === 'string' && GLOBAL_ENHANCER.test(token),
      ),
    );
  }
}
