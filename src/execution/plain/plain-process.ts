import type { FastifyReply } from 'fastify';
import type { Dialect } from '../../ogc/conformance.js';
import { isJsonObject, ownMember } from '../../ogc/json-object.js';
import { parsePrefer } from '../../ogc/prefer.js';
import type { OutputDescription } from '../../processes/process-description.js';
import type { RegisteredProcess } from '../../processes/registered-process.js';
import { chooseMode } from '../execution-mode.js';
import type { RequestedExecution } from '../execution-preparation.js';
import { isRepeatable } from '../inputs/input-occurrence.js';
import type { ResultOutput } from '../results/result-output.js';
import { replyWithValue } from '../results-reply.js';
import { alternativesOf } from '../schema-alternatives.js';

/**
 * A process that can be executed without job, queue, executor or limit, and all that can be known of such an execution
 * before anybody asks for one.
 */
export class PlainProcess {
  /** What a request asks for that has nothing but inputs. */
  readonly requested: RequestedExecution;
  /** By id, whether it is a list of occurrences. An input that may be binary is not among them. */
  private readonly inputs: ReadonlyMap<string, boolean>;
  /** The only output that the process has. */
  private readonly output?: OutputDescription;

  private constructor(
    readonly process: RegisteredProcess,
    dialect: Dialect,
  ) {
    const { inputs, outputs, jobControlOptions } = process.description;
    const [output, ...others] = Object.values(outputs);
    if (others.length === 0) this.output = output;
    this.inputs = new Map(
      Object.entries(inputs)
        .filter(([, { schema }]) => !alternativesOf(schema).some(({ kind }) => kind === 'binary'))
        .map(([id, description]) => [id, isRepeatable(description)]),
    );
    this.requested = {
      process,
      request: { inputs: {}, response: 'raw', dialect },
      mode: chooseMode(jobControlOptions, parsePrefer(undefined)),
      refresh: false,
    };
  }

  /**
   * @param dialect of requests that do not tell
   * @returns nothing for a process whose executions need more
   */
  static of(process: RegisteredProcess, dialect: Dialect): PlainProcess | undefined {
    const { isolation, syncJobs, cache, concurrency } = process.policy;
    if (process.blockInputs !== undefined) return undefined;
    if (isolation !== 'inline' || syncJobs || cache !== undefined || concurrency !== undefined) return undefined;
    const plain = new PlainProcess(process, dialect);
    return plain.requested.mode.mode === 'sync' ? plain : undefined;
  }

  /**
   * Sends the output of a process that has one, if it is a value.
   * @returns false when there is more to do about it; nothing is sent then
   */
  isAnsweredWith(reply: FastifyReply, [output]: readonly ResultOutput[]): boolean {
    return this.output !== undefined && output !== undefined && replyWithValue(reply, output, this.output.schema);
  }

  /**
   * The values that the process gets, if the body of a request has nothing but inputs, and each of them is the value
   * itself.
   * @returns nothing when there is more to the request, or anything wrong with it
   */
  inputsOf(body: unknown): Record<string, unknown> | undefined {
    if (!isJsonObject(body)) return undefined;
    const sent = ownMember(body, 'inputs');
    if (!isJsonObject(sent) || Object.keys(body).length !== 1) return undefined;
    const values = { ...sent };
    for (const id of Object.keys(values)) {
      const isList = this.inputs.get(id);
      if (isList === undefined) return undefined;
      const value = values[id];
      if (!isList) {
        if (!isValueItself(value)) return undefined;
      } else {
        const occurrences: unknown[] = Array.isArray(value) ? value : [value];
        if (!occurrences.every(isValueItself)) return undefined;
        values[id] = occurrences;
      }
    }
    return values;
  }
}

/** Neither a qualified value nor a reference, nor anything that may be taken for one. */
function isValueItself(value: unknown): boolean {
  return !isJsonObject(value) || !(Object.hasOwn(value, 'value') || Object.hasOwn(value, 'href'));
}
