import type { Violation } from '../ogc/problems/domain-error.js';
import type { FaultCollector } from './definition/invalid-process.error.js';
import type { ProcessDefinition } from './definition/process-definition.js';
import type { StateHook, TaskDefinition } from './definition/task-definition.js';
import type { ProcessDescription } from './process-description.js';
import type { ProcessHandler } from './process-handler.js';
import type { ProcessPolicy, RegisteredProcess } from './registered-process.js';
import { type BlockInputs, inputsWithBlocks } from './schema/block-input.js';
import { needsClassValidator } from './schema/dto-needs.js';
import { CompiledInput } from './validation/compiled-input.js';
import { validateInstance } from './validation/dto-validation.js';
import { makeReviver } from './validation/input-reviver.js';
import type { InputReviver } from './validation/input-reviver.js';
import { ValueValidators } from './validation/value-validator.js';
import type { ValueValidator } from './validation/value-validator.js';
import { pointerPart } from '../ogc/json-pointer.js';

/** The methods of a process that the engine knows. */
export type ProcessMethods = Pick<RegisteredProcess, 'tasks' | 'hooks'>;

/** A process with its validators compiled. */
export class CompiledProcess implements RegisteredProcess {
  readonly description: ProcessDescription;
  readonly policy: ProcessPolicy;
  readonly tasks?: readonly TaskDefinition[];
  readonly hooks?: readonly StateHook[];
  readonly blockInputs?: BlockInputs;
  readonly reviveInputs: InputReviver;
  private readonly checksInstances: boolean;

  private constructor(
    private readonly definition: ProcessDefinition,
    readonly handler: ProcessHandler,
    private readonly inputs: ReadonlyMap<string, CompiledInput>,
    private readonly outputs: ReadonlyMap<string, ValueValidator>,
    { tasks, hooks }: ProcessMethods,
  ) {
    this.description = definition.description;
    this.policy = definition.policy;
    if (tasks && tasks.length > 0) this.tasks = tasks;
    if (hooks && hooks.length > 0) this.hooks = hooks;
    if (definition.blockInputs.size > 0) this.blockInputs = definition.blockInputs;
    this.reviveInputs = makeReviver(definition.inputsDto, [...inputs.keys()]);
    this.checksInstances = definition.inputsDto !== undefined && needsClassValidator(definition.inputsDto);
  }

  /** Compiles the schemas of a definition; reports those that cannot be compiled. */
  static compile(
    definition: ProcessDefinition,
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the inputs it gets are those of its own description
    handler: ProcessHandler<any, any>,
    faults: FaultCollector,
    methods: ProcessMethods = {},
  ): CompiledProcess | undefined {
    const before = faults.faults.length;
    const attempt = <T>(path: string, compile: () => T): [string, T][] => {
      try {
        return [[path.slice(path.indexOf('.') + 1), compile()]];
      } catch (error) {
        faults.add(`${path}.schema`, `cannot be used, ${(error as Error).message}`);
        return [];
      }
    };
    const forInputs = new ValueValidators('inputs');
    const forOutputs = new ValueValidators('outputs');
    const { description } = definition;
    const inputs = Object.entries(description.inputs).flatMap(([id, input]) =>
      attempt(`inputs.${id}`, () => new CompiledInput(id, input, forInputs, definition.blockInputs.get(id))),
    );
    const outputs = Object.entries(description.outputs).flatMap(([id, { schema }]) =>
      attempt(`outputs.${id}`, () => forOutputs.compile(schema)),
    );
    if (faults.faults.length > before) return undefined;
    return new CompiledProcess(definition, handler, new Map(inputs), new Map(outputs), methods);
  }

  validateInputs(
    values: Record<string, unknown>,
    blocks: 'referred' | 'resolved' = 'referred',
  ): Violation[] | Promise<Violation[]> {
    const takesBlocks = blocks === 'referred';
    const violations = this.violationsOf(values, takesBlocks);
    if (violations.length > 0 || !this.checksInstances) return violations;
    // Code of the class must not meet a reference in the place of a value.
    if (takesBlocks && inputsWithBlocks(this.blockInputs, values).length > 0) return violations;
    return validateInstance(this.reviveInputs(values));
  }

  validateEachInput(values: Record<string, unknown>): Violation[] {
    return this.violationsOf(values, true);
  }

  private violationsOf(values: Record<string, unknown>, takesBlocks: boolean): Violation[] {
    const violations: Violation[] = [];
    for (const id of Object.keys(values)) {
      if (!this.inputs.has(id)) violations.push({ pointer: `/inputs/${pointerPart(id)}`, detail: this.unknownInput() });
    }
    for (const input of this.inputs.values()) violations.push(...input.validate(values, takesBlocks));
    return violations;
  }

  validateOutputs(values: Record<string, unknown>, files: ReadonlySet<string>): Violation[] {
    const violations: Violation[] = [];
    const ids = Object.keys(values);
    for (const id of files.size === 0 ? ids : new Set([...ids, ...files])) {
      const pointer = `/outputs/${pointerPart(id)}`;
      const validator = this.outputs.get(id);
      if (!validator) {
        violations.push({
          pointer,
          detail: `The process has no such output. It has ${[...this.outputs.keys()].join(', ')}.`,
        });
      } else if (files.has(id)) {
        if (Object.hasOwn(values, id) && values[id] !== undefined) {
          violations.push({ pointer, detail: 'The output was both written as a file and returned.' });
        }
      } else if (values[id] !== undefined) violations.push(...validator.validate(values[id], pointer));
    }
    for (const id of this.outputs.keys()) {
      if (files.has(id) || this.definition.optionalOutputs.has(id)) continue;
      if (Object.hasOwn(values, id) && values[id] !== undefined) continue;
      violations.push({ pointer: `/outputs/${pointerPart(id)}`, detail: 'The process did not produce this output.' });
    }
    return violations;
  }

  private unknownInput(): string {
    const known = [...this.inputs.keys()];
    if (known.length === 0) return 'The process has no inputs.';
    return `The process has no such input. It has ${known.join(', ')}.`;
  }
}
