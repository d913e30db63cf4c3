import type { RequestedOutput, Subscriber } from '../jobs/job.types.js';
import type { Dialect } from '../ogc/conformance.js';
import { isJsonObject, ownMember, type JsonObject } from '../ogc/json-object.js';
import { DomainError, type Violation } from '../ogc/problems/domain-error.js';
import type { ProcessDescription, TransmissionMode } from '../processes/process-description.js';
import type { ExecuteRequest } from './execute-request.js';
import { jsonPointer } from '../ogc/json-pointer.js';
import { faultOfCalledUrl } from '../outgoing/called-url.js';
import { limitViolations } from './violation-limit.js';

/** Unknown members that are named one by one. */
const MOST_UNKNOWN = 100;
const CALLBACKS = ['successUri', 'inProgressUri', 'failedUri'] as const;

/**
 * Reads the body of an execute request in the forms of 1.0 and 2.0. Members of no meaning here are ignored. The
 * dialect is 1.0 when the body has `response` or any `transmissionMode`, 2.0 when `outputs` is `{}`, else the default.
 * With `response`, an empty `outputs` means all outputs, as 1.0 clients intend that leave it blank.
 * @param process says which outputs and transmission modes exist
 * @throws DomainError `invalid-parameter` with every violation of the structure
 */
export function parseExecuteRequest(
  body: unknown,
  process: ProcessDescription,
  defaultDialect: Dialect = '1.0',
): ExecuteRequest {
  const parser = new ExecuteRequestParser(process);
  const request = parser.parse(body === undefined ? {} : body, defaultDialect);
  if (parser.violations.length > 0) {
    throw new DomainError('invalid-parameter', 'The execute request is not valid.', {
      errors: limitViolations(parser.violations),
    });
  }
  return request;
}

class ExecuteRequestParser {
  readonly violations: Violation[] = [];

  constructor(private readonly process: ProcessDescription) {}

  parse(body: unknown, defaultDialect: Dialect): ExecuteRequest {
    if (!isJsonObject(body)) {
      this.reject('', 'must be an object');
      return { inputs: {}, response: 'raw', dialect: defaultDialect };
    }
    const response = this.response(body);
    const outputs = this.outputs(body);
    const isBlank = outputs?.length === 0;
    const isFirst = response !== undefined || (outputs?.some(({ transmissionMode }) => transmissionMode) ?? false);
    const dialect = isFirst ? '1.0' : isBlank ? '2.0' : defaultDialect;
    return {
      inputs: this.members(body, 'inputs', this.process.inputs) ?? {},
      outputs: dialect === '1.0' && isBlank ? undefined : outputs,
      response: response ?? 'raw',
      dialect,
      subscriber: this.subscriber(body),
    };
  }

  private response(body: JsonObject): 'raw' | 'document' | undefined {
    const response = ownMember(body, 'response');
    if (response === undefined || response === 'raw' || response === 'document') return response;
    this.reject(jsonPointer('response'), 'must be "raw" or "document"');
    return undefined;
  }

  private outputs(body: JsonObject): RequestedOutput[] | undefined {
    const outputs = this.members(body, 'outputs', this.process.outputs);
    if (outputs === undefined) return undefined;
    return Object.entries(outputs).map(([id, selection]) => {
      if (!Object.hasOwn(this.process.outputs, id)) {
        const known = Object.keys(this.process.outputs).join(', ');
        this.reject(jsonPointer('outputs', id), `is not an output of the process ${this.process.id}; it has ${known}`);
      }
      return this.selection(id, selection);
    });
  }

  private selection(id: string, selection: unknown): RequestedOutput {
    if (!isJsonObject(selection)) {
      this.reject(jsonPointer('outputs', id), 'must be an object');
      return { id };
    }
    const format = this.object(selection, 'format', 'outputs', id) ?? {};
    return {
      id,
      mediaType: this.string(format, 'mediaType', 'outputs', id, 'format'),
      encoding: this.string(format, 'encoding', 'outputs', id, 'format'),
      schema: this.schema(id, format),
      transmissionMode: this.transmissionMode(id, selection),
    };
  }

  private schema(id: string, format: JsonObject): RequestedOutput['schema'] {
    const schema = ownMember(format, 'schema');
    if (schema === undefined || typeof schema === 'string' || isJsonObject(schema)) return schema;
    this.reject(jsonPointer('outputs', id, 'format', 'schema'), 'must be a URL or an object');
    return undefined;
  }

  private transmissionMode(id: string, selection: JsonObject): TransmissionMode | undefined {
    const mode = ownMember(selection, 'transmissionMode');
    if (mode === undefined) return undefined;
    const declared = this.process.outputTransmission;
    if ((mode === 'value' || mode === 'reference') && declared.includes(mode)) return mode;
    this.reject(
      jsonPointer('outputs', id, 'transmissionMode'),
      `must be ${declared.map((option) => `"${option}"`).join(' or ')} for this process`,
    );
    return undefined;
  }

  private subscriber(body: JsonObject): Subscriber | undefined {
    const subscriber = this.object(body, 'subscriber');
    if (subscriber === undefined) return undefined;
    const uris = CALLBACKS.map((name) => [name, this.callback(subscriber, name)] as const);
    return Object.fromEntries(uris.filter(([, uri]) => uri !== undefined));
  }

  private callback(subscriber: JsonObject, name: string): string | undefined {
    const uri = this.string(subscriber, name, 'subscriber');
    if (uri === undefined) return undefined;
    const fault = faultOfCalledUrl(uri);
    if (fault !== undefined) this.reject(jsonPointer('subscriber', name), fault);
    return uri;
  }

  /** Members by the ids of the process. Far more of them than it has are not looked at one by one. */
  private members(body: JsonObject, name: string, described: object): JsonObject | undefined {
    const object = this.object(body, name);
    const most = Object.keys(described).length + MOST_UNKNOWN;
    if (object === undefined || Object.keys(object).length <= most) return object;
    this.reject(jsonPointer(name), `has more members than the process ${this.process.id} has ${name}`);
    return undefined;
  }

  private object(parent: JsonObject, name: string, ...path: string[]): JsonObject | undefined {
    const value = ownMember(parent, name);
    if (value === undefined || isJsonObject(value)) return value;
    this.reject(jsonPointer(...path, name), 'must be an object');
    return undefined;
  }

  private string(parent: JsonObject, name: string, ...path: string[]): string | undefined {
    const value = ownMember(parent, name);
    if (value === undefined || typeof value === 'string') return value;
    this.reject(jsonPointer(...path, name), 'must be a string');
    return undefined;
  }

  private reject(pointer: string, detail: string): void {
    this.violations.push({ pointer, detail });
  }
}
