import type { Type } from '@nestjs/common';
import type { DescribedProcessOptions, ProcessOptions, ProcessPolicyOptions } from '../decorators/process-options.js';
import type { InputDescription, ProcessDescription } from '../process-description.js';
import type { ProcessPolicy } from '../registered-process.js';
import { binaryAlternatives } from '../schema/binary-schema.js';
import { checkOgcSchema } from '../schema/ogc-keywords.js';
import { readDefinitionFile } from './definition-file.js';
import { descriptionSchema } from './description.schema.js';
import { describeInputs, describeOutputs } from './dto-descriptions.js';
import type { FaultCollector } from './invalid-process.error.js';

/** The options of a process, read and checked. */
export interface ProcessDefinition {
  /** Frozen. */
  readonly description: ProcessDescription;
  readonly policy: ProcessPolicy;
  readonly inputsDto?: Type;
  /** Ids of outputs an execution may end without. */
  readonly optionalOutputs: ReadonlySet<string>;
}

/** Turns the options of `@Process()` into a definition. @returns undefined when faults were reported */
export function readProcessDefinition(options: ProcessOptions, faults: FaultCollector): ProcessDefinition | undefined {
  const before = faults.faults.length;
  const policy = readPolicy(options, faults);
  const written = options.definition ? readDefinitionFile(options.definition, faults) : describe(options, faults);
  if (written === undefined) return undefined;
  const parsed = descriptionSchema.safeParse(written);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) faults.add(issue.path.join('.'), issueText(issue));
    return undefined;
  }
  const { outputs, ...rest } = parsed.data;
  const description = { ...rest, outputs: withoutOptional(outputs) } as ProcessDescription;
  checkSchemas(description, faults);
  checkInputs(description, faults);
  if (faults.faults.length > before) return undefined;
  return {
    description: deepFreeze(structuredClone(description)),
    policy,
    inputsDto: typeof options.definition === 'undefined' && isClass(options.inputs) ? options.inputs : undefined,
    optionalOutputs: new Set(Object.keys(outputs).filter((id) => outputs[id].optional)),
  };
}

function describe(options: DescribedProcessOptions, faults: FaultCollector): unknown {
  const {
    timeout: _timeout,
    isolation: _isolation,
    syncJobs: _syncJobs,
    definition: _definition,
    ...description
  } = options;
  const { inputs, outputs } = options;
  return {
    ...description,
    ...(isClass(inputs) && { inputs: describeInputs(inputs, faults) }),
    ...(isClass(outputs) && { outputs: describeOutputs(outputs, faults) }),
  };
}

function readPolicy({ timeout, isolation, syncJobs }: ProcessPolicyOptions, faults: FaultCollector): ProcessPolicy {
  if (isolation !== undefined && isolation !== 'child' && isolation !== 'inline') {
    faults.add('isolation', `must be child or inline, this is ${JSON.stringify(isolation)}.`);
  }
  return {
    isolation: isolation ?? 'child',
    syncJobs: syncJobs ?? true,
    ...(timeout !== undefined && { timeout: readTimeout(timeout, faults) }),
  };
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The longest delay a timer of Node.js takes. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

function readTimeout(timeout: number | string, faults: FaultCollector): number {
  const [, amount, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(String(timeout)) ?? [];
  const milliseconds = typeof timeout === 'number' ? timeout : Number(amount) * (UNITS[unit ?? ''] ?? NaN);
  if (Number.isSafeInteger(milliseconds) && milliseconds > 0 && milliseconds <= LONGEST_TIMEOUT) return milliseconds;
  faults.add(
    'timeout',
    `must be milliseconds or a whole number with a unit (ms, s, m, h, d) such as 2h, up to 24d; this is ${JSON.stringify(timeout)}.`,
  );
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

function issueText(issue: { code: string; message: string; keys?: unknown; issues?: { message: string }[] }): string {
  if (issue.code === 'unrecognized_keys') {
    return `has members that no description has: ${(issue.keys as string[]).join(', ')}; remove them.`;
  }
  if (issue.code === 'invalid_key' && issue.issues?.[0]) return `${issue.issues[0].message}.`;
  return issue.message.endsWith('.') ? issue.message : `${issue.message}.`;
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
