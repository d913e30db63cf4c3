import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { JobFiles } from '../jobs/job-files.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import type { ExecuteRequest } from './execute-request.js';
import { parseExecuteRequest } from './execute-request.parser.js';
import { InputResolver } from './inputs/input-resolver.js';
import { requireAcceptable } from './results/results-plan.js';

/** What a client sent to execute a process. */
export interface ExecutionCall {
  readonly processId: string;
  readonly body: unknown;
  /** `Accept` as sent */
  readonly accept?: string;
  /** the query parameter `profile` */
  readonly profile?: string;
  /** aborted when the client has gone */
  readonly signal: AbortSignal;
}

/** An execution that can begin: everything about the request is right. */
export interface PreparedExecution {
  /** The id of the job, should it become one. */
  readonly jobId: string;
  readonly process: RegisteredProcess;
  readonly request: ExecuteRequest;
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
  ) {}

  /**
   * @throws DomainError `no-such-process`, `invalid-parameter` with every violation, `reference-unavailable`,
   *   `not-acceptable` when the results could not be sent as the client takes them
   */
  async prepare({ processId, body, accept, profile, signal }: ExecutionCall): Promise<PreparedExecution> {
    const process = this.registry.get(processId);
    const request = parseExecuteRequest(body, process.description);
    requireAcceptable(request, process.description, accept, profile);
    const jobId = uuid();
    const inputs = await this.resolve(request, process, jobId, signal);
    const errors = await process.validateInputs(inputs);
    if (errors.length > 0) {
      await this.files.remove(jobId);
      throw new DomainError('invalid-parameter', `The inputs do not fit the process "${processId}".`, { errors });
    }
    return { jobId, process, request, inputs };
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
