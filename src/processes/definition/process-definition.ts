import type { Type } from '@nestjs/common';
import type { FlowOptions } from '../decorators/flow.decorator.js';
import type { DescribedProcessOptions, ProcessOptions, ProcessPolicyOptions } from '../decorators/process-options.js';
import type { InputDescription, ProcessDescription } from '../process-description.js';
import type { ProcessPolicy } from '../registered-process.js';
import { binaryAlternatives } from '../schema/binary-schema.js';
import type { BlockInputs } from '../schema/block-input.js';
import { checkOgcSchema } from '../schema/ogc-keywords.js';
import { readDefinitionFile } from './definition-file.js';
import { descriptionSchema } from './description.schema.js';
import { blockInputsOf, describeInputs, describeOutputs } from './dto-descriptions.js';
import { checkTemplate } from './input-template.js';
import { DURATION_WORDS, LONGEST_TIMER, parseDuration } from './duration.js';
import type { FaultCollector } from './invalid-process.error.js';
import { issueText } from './issue-text.js';
import { readProcessCache, readProcessConcurrency, readRetry } from './step-definitions.js';

/** `<type>/<name>` of a block. */
const STORAGE_NAME = /^[a-z][a-z0-9-]{0,63}\/[a-z0-9][a-z0-9._-]{0,63}$/;

/** The options of a process, read and checked. */
export interface ProcessDefinition {
  /** Frozen. */
  readonly description: ProcessDescription;
  readonly policy: ProcessPolicy;
  readonly inputsDto?: Type;
  readonly blockInputs: BlockInputs;
  /** Ids of outputs an execution may end without. */
  readonly optionalOutputs: ReadonlySet<string>;
}

/** What could be read of a process; an id is known even where something else is wrong. */
export interface ReadProcess {
  readonly id?: string;
  /** Absent when faults were reported. */
  readonly definition?: ProcessDefinition;
}

/** Turns the options of `@Process()` into a definition. */
export function readProcessDefinition(options: ProcessOptions, faults: FaultCollector): ReadProcess {
  const before = faults.faults.length;
  const policy = readPolicy(options, faults);
  const written = options.definition ? readDefinitionFile(options.definition, faults) : describe(options, faults);
  const definition = written === undefined ? undefined : check(written, options, policy, faults);
  const id = (written as { id?: unknown } | null | undefined)?.id;
  return {
    ...(typeof id === 'string' && { id }),
    ...(faults.faults.length === before && { definition }),
  };
}

function check(
  written: unknown,
  options: ProcessOptions,
  policy: ProcessPolicy,
  faults: FaultCollector,
): ProcessDefinition | undefined {
  const parsed = descriptionSchema.safeParse(written);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) faults.add(issue.path.join('.'), issueText(issue));
    return undefined;
  }
  const { outputs, ...rest } = parsed.data;
  const description = { ...rest, outputs: withoutOptional(outputs) } as ProcessDescription;
  checkSchemas(description, faults);
  checkInputs(description, faults);
  for (const [option, key] of [
    ['cache', policy.cache?.key],
    ['concurrency', policy.concurrency?.key],
  ] as const) {
    if (key !== undefined) checkTemplate(key, description, `${option}.key`, faults);
  }
  const inputsDto = typeof options.definition === 'undefined' && isClass(options.inputs) ? options.inputs : undefined;
  return {
    description: deepFreeze(structuredClone(description)),
    policy,
    inputsDto,
    blockInputs: inputsDto === undefined ? new Map() : blockInputsOf(inputsDto),
    optionalOutputs: new Set(Object.keys(outputs).filter((id) => outputs[id].optional)),
  };
}

function describe(options: DescribedProcessOptions, faults: FaultCollector): unknown {
  const {
    executor: _executor,
    timeout: _timeout,
    isolation: _isolation,
    syncJobs: _syncJobs,
    storage: _storage,
    storages: _storages,
    writesWhereAsked: _writesWhereAsked,
    retry: _retry,
    cache: _cache,
    concurrency: _concurrency,
    definition: _definition,
    ...description
  } = options as DescribedProcessOptions & FlowOptions;
  const { inputs, outputs } = options;
  return {
    ...description,
    ...(isClass(inputs) && { inputs: describeInputs(inputs, faults) }),
    ...(isClass(outputs) && { outputs: describeOutputs(outputs, faults) }),
  };
}

function readPolicy(options: ProcessPolicyOptions, faults: FaultCollector): ProcessPolicy {
  const { timeout, isolation, syncJobs, storage, storages, writesWhereAsked, retry, cache, concurrency } = options;
  const { executor } = options as FlowOptions;
  if (isolation !== undefined && isolation !== 'child' && isolation !== 'inline') {
    faults.add('isolation', `must be child or inline, this is ${JSON.stringify(isolation)}.`);
  }
  if (executor === 'distributed' && syncJobs === false) {
    faults.add('executor', 'of a process without jobs (`syncJobs: false`) can only be local; remove one of the two.');
  }
  if (executor !== undefined && executor !== 'local' && executor !== 'distributed') {
    faults.add('executor', `must be local or distributed, this is ${JSON.stringify(executor)}.`);
  }
  if (syncJobs === false && cache !== undefined) {
    faults.add(
      'cache',
      'keeps results with jobs, and `syncJobs: false` leaves no jobs behind; remove one of the two options.',
    );
  }
  if (storage !== undefined) checkStorage(storage, 'storage', faults);
  storages?.forEach((name, index) => checkStorage(name, `storages[${index}]`, faults));
  const add = (path: string, detail: string) => faults.add(path, detail);
  return {
    isolation: isolation ?? 'child',
    syncJobs: syncJobs ?? true,
    ...(timeout !== undefined && { timeout: readTimeout(timeout, faults) }),
    ...(executor !== undefined && { executor }),
    ...(storage !== undefined && { storage }),
    ...(storages !== undefined && { storages }),
    ...(writesWhereAsked === true && { writesWhereAsked }),
    ...(retry !== undefined && { retry: readRetry(retry, add) }),
    ...(cache !== undefined && { cache: readProcessCache(cache, add) }),
    ...(concurrency !== undefined && { concurrency: readProcessConcurrency(concurrency, add) }),
  };
}

function checkStorage(name: string, path: string, faults: FaultCollector): void {
  if (STORAGE_NAME.test(name)) return;
  faults.add(path, `must be the name of a storage block, such as s3/results; this is ${JSON.stringify(name)}.`);
}

function readTimeout(timeout: number | string, faults: FaultCollector): number {
  const milliseconds = parseDuration(timeout);
  if (milliseconds !== undefined && milliseconds > 0 && milliseconds <= LONGEST_TIMER) return milliseconds;
  faults.add('timeout', `must be ${DURATION_WORDS}, up to 24d; this is ${JSON.stringify(timeout)}.`);
  return 0;
}

function checkSchemas({ inputs, outputs }: ProcessDescription, faults: FaultCollector): void {
  for (const [id, { schema }] of Object.entries(inputs)) checkOgcSchema(schema, `inputs.${id}.schema`, faults);
  for (const [id, { schema }] of Object.entries(outputs)) checkOgcSchema(schema, `outputs.${id}.schema`, faults);
}

function checkInputs({ inputs }: ProcessDescription, faults: FaultCollector): void {
  for (const [id, input] of Object.entries(inputs)) {
    const { minOccurs = 1, maxOccurs = 1, schema } = input;
    if (maxOccurs !== 'unbounded' && minOccurs > maxOccurs) {
      faults.add(`inputs.${id}.minOccurs`, `is ${minOccurs}, more than maxOccurs (${maxOccurs}); lower it.`);
    }
    if (hasDefault(input) && binaryAlternatives(schema).length > 0) {
      faults.add(
        `inputs.${id}.schema.default`,
        'a binary input cannot have a default; make it optional and read a file in `execute`.',
      );
    }
  }
}

function hasDefault({ schema }: InputDescription): boolean {
  return typeof schema === 'object' && schema !== null && schema.default !== undefined;
}

function withoutOptional<T extends { optional?: boolean }>(
  outputs: Record<string, T>,
): Record<string, Omit<T, 'optional'>> {
  return Object.fromEntries(Object.entries(outputs).map(([id, { optional: _optional, ...output }]) => [id, output]));
}

function isClass(value: unknown): value is Type {
  return typeof value === 'function';
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
