import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { parseExecuteRequest } from '../execution/execute-request.parser.js';
import type { ExecuteRequest } from '../execution/execute-request.js';
import { withIds } from '../execution/execution-result.js';
import { InputResolver } from '../execution/inputs/input-resolver.js';
import type { ResultOutput } from '../execution/results/result-output.js';
import { requireAcceptable } from '../execution/results/results-plan.js';
import type { ResultsResponse } from '../execution/results/results-response.js';
import { ResultsWriter } from '../execution/results/results.writer.js';
import { limitViolations } from '../execution/violation-limit.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { type Problem, problemOfError } from '../ogc/problems/problem.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import type { LocalObserver } from './local-observer.js';
import { LocalRunner } from './local-runner.js';
import { violationsHere } from './violations-here.js';

/** Added to the size up to which values are part of a results document, for what stands around them there. */
const AROUND_A_VALUE = 1_024;

/** How an execute request without a server ended. */
export type LocalEnd =
  /** `links`: whether the results name files in the directory of the run. */
  | { readonly kind: 'results'; readonly response: ResultsResponse; readonly links: boolean }
  /** Nothing ran: there is no such process, or the request does not fit it. */
  | { readonly kind: 'refused'; readonly problem: Problem }
  | { readonly kind: 'failed'; readonly problem: Problem };

/** What an execute request is carried out with. */
export interface LocalPlace {
  /** absolute; for files */
  readonly directory: string;
  readonly observer: LocalObserver;
  readonly signal: AbortSignal;
}

/** Carries out execute requests without server and database: read, validated and answered as the service does it. */
@Injectable()
export class LocalExecution {
  private readonly writer: ResultsWriter;

  constructor(
    private readonly registry: ProcessRegistry,
    private readonly resolver: InputResolver,
    private readonly runner: LocalRunner,
    settings: Settings,
  ) {
    // Whatever the engine keeps as a value is part of the document, so that only files are linked.
    this.writer = new ResultsWriter(
      new Settings({ ...settings, INLINE_OUTPUT: settings.INLINE_OUTPUT + AROUND_A_VALUE }),
    );
  }

  /** @throws the reason of the signal; what a question was rejected with */
  async execute(processId: string, body: unknown, place: LocalPlace): Promise<LocalEnd> {
    let process: RegisteredProcess;
    let request: ExecuteRequest;
    let inputs: Record<string, unknown>;
    try {
      process = this.registry.get(processId);
      request = parseExecuteRequest(body, process.description);
      requireAcceptable(request, process.description);
      inputs = await this.inputsOf(process, request, place);
    } catch (error) {
      if (error instanceof DomainError) return { kind: 'refused', problem: problemOfError(error) };
      throw error;
    }
    const outputs = request.outputs?.map(({ id }) => id);
    const run = { ...place, process, inputs, outputs, directory: join(place.directory, 'run') };
    const outcome = await this.runner.run(run);
    if (outcome.kind !== 'succeeded') {
      const { code, detail, errors } =
        'fault' in outcome ? outcome.fault : ({ code: 'job-failed', detail: 'The execution did not end.' } as const);
      return { kind: 'failed', problem: problemOfError(new DomainError(code, detail, { errors })) };
    }
    let links = false;
    const urlOf = ({ id }: ResultOutput) => {
      links = true;
      const output = outcome.outputs[id];
      return output.kind === 'file' ? pathToFileURL(output.path).href : '';
    };
    const produced = withIds(outcome.outputs);
    const described = process.description.outputs;
    const response = await this.writer.write({ produced, described, request, urlOf, source: 'execution' });
    return { kind: 'results', response, links };
  }

  private async inputsOf(process: RegisteredProcess, request: ExecuteRequest, place: LocalPlace) {
    const inputs = await this.resolver.resolve(request.inputs, process, place.directory, place);
    const violations = await violationsHere(process, inputs);
    if (violations.length === 0) return inputs;
    const detail = `The inputs do not fit the process "${process.description.id}".`;
    throw new DomainError('invalid-parameter', detail, { errors: limitViolations(violations) });
  }
}
