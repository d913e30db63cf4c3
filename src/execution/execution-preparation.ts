import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { Settings } from '../config/settings.js';
import { JobFiles } from '../jobs/job-files.js';
import type { JobSubscriber } from '../jobs/job.types.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import type { Dialect, ExecuteRequest } from './execute-request.js';
import { parseExecuteRequest } from './execute-request.parser.js';
import { InputResolver } from './inputs/input-resolver.js';
import { asksForDocument, requireAcceptable } from './results/results-plan.js';
import { limitViolations } from './violation-limit.js';

/** What a client sent to execute a process. */
export interface ExecutionCall {
  readonly method: 'GET' | 'POST';
  readonly processId: string;
  /** An execute request, as sent or as read from a query. */
  readonly body: unknown;
  /** The version a request follows that does not tell; DEFAULT_DIALECT when absent. */
  readonly dialect?: Dialect;
  /** `Accept` as sent */
  readonly accept?: string;
  /** the query parameter `profile` */
  readonly profile?: string;
  readonly idempotencyKey?: string;
  /** URL of the landing page as the client sees it, for links in what is sent later. */
  readonly baseUrl: () => string;
  /** aborted when the client has gone */
  readonly signal: AbortSignal;
}

/** A request whose structure is right. */
export interface RequestedExecution {
  readonly process: RegisteredProcess;
  readonly request: ExecuteRequest;
  /** Whom the job calls back; absent when the request names no URL. */
  readonly subscriber?: JobSubscriber;
}

/** An execution that can begin: everything about the request is right. */
export interface PreparedExecution extends RequestedExecution {
  /** The id of the job, should it become one. */
  readonly jobId: string;
  /** Resolved and validated values by input id. */
  readonly inputs: Record<string, unknown>;
}

/** From a request to validated inputs. No job exists before all of this has succeeded. */
@Injectable()
export class ExecutionPreparation {
  constructor(
    private readonly registry: ProcessRegistry,
    private readonly resolver: InputResolver,
    private readonly files: JobFiles,
    private readonly settings: Settings,
  ) {}

  /**
   * Reads the request; its inputs are still as sent.
   * @throws DomainError `no-such-process`, `invalid-parameter` with every violation of the structure, `not-acceptable`
   *   when the results could not be sent as the client takes them
   */
  read({ processId, body, dialect, accept, profile, baseUrl }: ExecutionCall): RequestedExecution {
    const process = this.registry.get(processId);
    const asked = asksForDocument(profile, accept) ? '2.0' : dialect;
    const request = parseExecuteRequest(body, process.description, asked ?? this.settings.DEFAULT_DIALECT);
    requireAcceptable(request, process.description, accept, profile);
    return { process, request, subscriber: subscriberOf(request, baseUrl) };
  }

  /**
   * Resolves and validates the inputs; files among them are staged in the directory of the job.
   * @throws DomainError `invalid-parameter` with every violation, `reference-unavailable`
   */
  async prepare(requested: RequestedExecution, signal: AbortSignal): Promise<PreparedExecution> {
    const { process, request } = requested;
    const jobId = uuid();
    const inputs = await this.resolve(request, process, jobId, signal);
    const violations = await process.validateInputs(inputs);
    if (violations.length > 0) {
      await this.files.remove(jobId);
      const errors = limitViolations(violations);
      const { id } = process.description;
      throw new DomainError('invalid-parameter', `The inputs do not fit the process "${id}".`, { errors });
    }
    return { ...requested, jobId, inputs };
  }

  private async resolve(request: ExecuteRequest, process: RegisteredProcess, jobId: string, signal: AbortSignal) {
    try {
      return await this.resolver.resolve(request.inputs, process, this.files.directory(jobId), signal);
    } catch (error) {
      if (signal.aborted) throw new DomainError('bad-request', 'The client closed the connection.', { cause: error });
      throw error;
    }
  }
}

/** URLs are kept in the form that `URL` gives them, with every character that needs it encoded. */
function subscriberOf({ subscriber = {} }: ExecuteRequest, baseUrl: () => string): JobSubscriber | undefined {
  const uris = Object.entries(subscriber).map(([name, uri]: [string, string]) => [name, new URL(uri).href]);
  return uris.length > 0 ? { ...Object.fromEntries(uris), base: baseUrl() } : undefined;
}
