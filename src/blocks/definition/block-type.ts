import type { Type } from '@nestjs/common';
import { isJsonObject, type JsonObject } from '../../ogc/json-object.js';
import { pointerPart } from '../../ogc/json-pointer.js';
import type { Violation } from '../../ogc/problems/domain-error.js';
import type { FaultCollector } from '../../processes/definition/invalid-process.error.js';
import type { OgcSchema } from '../../processes/process-description.js';
import { needsClassValidator } from '../../processes/schema/dto-needs.js';
import { validateInstance } from '../../processes/validation/dto-validation.js';
import { makeReviver, type InputReviver } from '../../processes/validation/input-reviver.js';
import { type ValueValidator, ValueValidators } from '../../processes/validation/value-validator.js';
import { referencedBlock } from '../block-ref.js';
import type { BlockOptions } from '../decorators/block.decorator.js';
import { concealed } from '../secrets/concealed.js';
import { faultsOfBlock } from './block-fault.js';
import type { BlockField } from './block-fields.js';

/** Put before the pointers of violations: documents hold their values in a member of this name. */
export const VALUES_POINTER = '/values';

/** A type of block, its schema compiled. */
export class BlockType {
  readonly type: string;
  readonly title?: string;
  readonly description?: string;
  /** Of the values of a document. */
  readonly schema: OgcSchema;
  private readonly revive: InputReviver;
  private readonly checksInstances: boolean;

  private constructor(
    readonly options: BlockOptions,
    make: Type,
    readonly fields: ReadonlyMap<string, BlockField>,
    private readonly validators: ReadonlyMap<string, ValueValidator>,
  ) {
    this.type = options.type;
    this.title = options.title;
    this.description = options.description;
    this.schema = schemaOf([...fields.values()]);
    this.revive = makeReviver(make, [...fields.keys()]);
    this.checksInstances = needsClassValidator(make);
  }

  /** Compiles the schemas of the fields; reports those that cannot be compiled. */
  static compile(
    options: BlockOptions,
    make: Type,
    fields: readonly BlockField[],
    faults: FaultCollector,
  ): BlockType | undefined {
    const before = faults.faults.length;
    const forInputs = new ValueValidators('inputs');
    const validators = new Map<string, ValueValidator>();
    for (const { name, schema } of fields) {
      try {
        validators.set(name, forInputs.compile(schema));
      } catch (error) {
        faults.add(`${name}.schema`, `cannot be used, ${(error as Error).message}`);
      }
    }
    if (faults.faults.length > before) return undefined;
    return new BlockType(options, make, new Map(fields.map((field) => [field.name, field])), validators);
  }

  /**
   * Validates the values of a document, secrets in the clear. Details never repeat a secret.
   * @returns every violation, with pointers such as `/values/bucket`
   */
  async validate(values: JsonObject): Promise<Violation[]> {
    const violations = Object.keys(values)
      .filter((name) => !this.fields.has(name))
      .map((name) => ({ pointer: pointerOf(name), detail: this.unknownField() }));
    for (const field of this.fields.values()) violations.push(...this.validateField(field, values));
    if (violations.length > 0) return violations;
    const instance = this.make(values);
    const found = this.checksInstances ? await validateInstance(instance, VALUES_POINTER) : [];
    if (found.length === 0) {
      const faults = faultsOfBlock(instance);
      found.push(...faults.map(({ property, detail }) => ({ pointer: pointerOf(property), detail })));
    }
    return found.flatMap((violation) => this.aboutGivenValue(violation, values));
  }

  /** Makes an instance of the class: with defaults, and without the properties that refer to blocks. */
  make(values: JsonObject): JsonObject {
    const plain: JsonObject = {};
    for (const { name, default: fallback } of this.fields.values()) {
      const value = Object.hasOwn(values, name) ? values[name] : fallback;
      if (value !== undefined && referencedBlock(value) === undefined) plain[name] = structuredClone(value);
    }
    return this.revive(plain);
  }

  /** The references in the values of a document, by property. */
  references(values: JsonObject): Map<string, string> {
    const found = new Map<string, string>();
    for (const { name, blockTypes } of this.fields.values()) {
      const ref = blockTypes.length > 0 && Object.hasOwn(values, name) ? referencedBlock(values[name]) : undefined;
      if (ref !== undefined) found.set(name, ref);
    }
    return found;
  }

  /** Divides the values of a document into those that are shown, references among them, and secrets. */
  divide(values: JsonObject): { readonly open: JsonObject; readonly secrets: JsonObject } {
    const entries = Object.entries(values);
    const isSecret = ([name, value]: [string, unknown]) =>
      this.fields.get(name)?.isSecret === true && referencedBlock(value) === undefined;
    return {
      open: Object.fromEntries(entries.filter((entry) => !isSecret(entry))),
      secrets: Object.fromEntries(entries.filter(isSecret)),
    };
  }

  private validateField({ name, optional, isSecret }: BlockField, values: JsonObject): Violation[] {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    const pointer = pointerOf(name);
    if (value === undefined) return optional ? [] : [{ pointer, detail: 'This member is required.' }];
    const found = this.validators.get(name)!.validate(structuredClone(value), pointer);
    return isSecret && !isReferenceLike(value) ? concealed(found, pointer, value) : found;
  }

  /** What class-validator says of properties that only come to be when their blocks are read, it says of nothing. */
  private aboutGivenValue(violation: Violation, values: JsonObject): Violation[] {
    const field = [...this.fields.values()].find(
      ({ name }) => violation.pointer === pointerOf(name) || violation.pointer.startsWith(`${pointerOf(name)}/`),
    );
    if (field === undefined) return [violation];
    const value = values[field.name];
    if (referencedBlock(value) !== undefined) return [];
    return field.isSecret ? concealed([violation], pointerOf(field.name), value) : [violation];
  }

  private unknownField(): string {
    return `Blocks of the type ${this.type} have no such value. They have ${[...this.fields.keys()].join(', ') || 'none'}.`;
  }
}

function pointerOf(name: string): string {
  return `${VALUES_POINTER}/${pointerPart(name)}`;
}

function isReferenceLike(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value).join() === '$block';
}

function schemaOf(fields: readonly BlockField[]): OgcSchema {
  const required = fields.filter(({ optional }) => !optional).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map(({ name, schema }) => [name, schema])),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}
