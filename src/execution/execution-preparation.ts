import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { BlockInputs } from '../blocks/block-inputs.js';
import { Settings } from '../config/settings.js';
import { JobFiles } from '../jobs/job-files.js';
import type { JobAdmission, JobSubscriber } from '../jobs/job.types.js';
import { admissionOf, identityOf } from '../jobs/limits/admissions.js';
import type { Dialect } from '../ogc/conformance.js';
import type { Preferences } from '../ogc/prefer.js';
import { DomainError, type Violation } from '../ogc/problems/domain-error.js';
import { AddressPolicy } from '../outgoing/address-policy.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import type { ClientDeparture } from './client-departure.js';
import type { ExecuteRequest } from './execute-request.js';
import { chooseMode, type ExecutionMode } from './execution-mode.js';
import { parseExecuteRequest } from './execute-request.parser.js';
import { InputResolver } from './inputs/input-resolver.js';
import { readSubscriber } from './subscriber.js';
import { requireAcceptable } from './results/results-plan.js';
import { asksForDocument } from './results/results-profile.js';
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
  readonly preferences: Preferences;
  /** Whether results that are known already must not be used (`Cache-Control: no-cache`). */
  readonly refresh?: boolean;
  /** URL of the landing page as the client sees it, for links in what is sent later. */
  readonly baseUrl: () => string;
  /** whether anyone still waits for the answer */
  readonly client: ClientDeparture;
}

/** A request whose structure is right. */
export interface RequestedExecution {
  readonly process: RegisteredProcess;
  readonly request: ExecuteRequest;
  readonly mode: ExecutionMode;
  /** Whom the job calls back; absent when the request names no URL. */
  readonly subscriber?: JobSubscriber;
  readonly refresh: boolean;
}

/** An execution that can begin: everything about the request is right. */
export interface PreparedExecution extends RequestedExecution {
  /** The id of the job, should it become one. */
  readonly jobId: string;
  /** Resolved and validated values by input id; blocks are still referred to. */
  readonly inputs: Record<string, unknown>;
  /** What a job of it has to ask for before it runs. */
  readonly admission?: JobAdmission;
}

/** From a request to validated inputs. No job exists before all of this has succeeded. */
@Injectable()
export class ExecutionPreparation {
  constructor(
    private readonly registry: ProcessRegistry,
    private readonly resolver: InputResolver,
    private readonly files: JobFiles,
    private readonly blocks: BlockInputs,
    private readonly policy: AddressPolicy,
    private readonly settings: Settings,
  ) {}

  /**
   * Reads the request; its inputs are still as sent.
   * @throws DomainError `no-such-process`, `invalid-parameter` with every violation of the structure, `not-acceptable`
   *   when the results could not be sent as the client takes them
   */
  read(call: ExecutionCall): RequestedExecution {
    const { processId, body, dialect, accept, profile, preferences, refresh = false, baseUrl } = call;
    const process = this.registry.get(processId);
    const asked = asksForDocument(profile, accept) ? '2.0' : dialect;
    const request = parseExecuteRequest(body, process.description, asked ?? this.settings.DEFAULT_DIALECT);
    const mode = chooseMode(process.description.jobControlOptions, preferences);
    // A job at once is answered with its status; the Accept of whoever asks for the results counts then.
    requireAcceptable(request, process.description, mode.mode === 'async' ? undefined : accept, profile);
    return { process, request, mode, subscriber: readSubscriber(request, this.policy, baseUrl), refresh };
  }

  /**
   * Resolves and validates the inputs; files among them are staged in the directory of the job.
   * @throws DomainError `invalid-parameter` with every violation, `reference-unavailable`
   */
  async prepare(requested: RequestedExecution, client: ClientDeparture): Promise<PreparedExecution> {
    const { process, request, mode, subscriber, refresh } = requested;
    const jobId = uuid();
    const directory = this.files.directory(jobId);
    let inputs: Record<string, unknown>;
    try {
      const resolved = this.resolver.resolve(request.inputs, process, directory, client);
      inputs = resolved instanceof Promise ? await resolved : resolved;
    } catch (error) {
      if (client.aborted) throw new DomainError('bad-request', 'The client closed the connection.', { cause: error });
      throw error;
    }
    const identity = process.policy.cache && (await identityOf(process, inputs));
    const checked = process.validateInputs(inputs);
    let violations: readonly Violation[] = checked instanceof Promise ? await checked : checked;
    if (process.blockInputs !== undefined && violations.length === 0) {
      violations = await this.blocks.check(process, inputs);
    }
    if (violations.length > 0) {
      await this.files.remove(jobId);
      const errors = limitViolations(violations);
      const { id } = process.description;
      throw new DomainError('invalid-parameter', `The inputs do not fit the process "${id}".`, { errors });
    }
    const { outputs } = request;
    const admission = admissionOf(process, { inputs, identity, outputs, refresh });
    return { process, request, mode, subscriber, refresh, jobId, inputs, ...(admission && { admission }) };
  }
}
