import type { Violation } from '../../ogc/problems/domain-error.js';
import type { InputDescription } from '../process-description.js';
import { pointerPart } from '../../ogc/json-pointer.js';
import { meansBlock, valueSchemaOf } from '../schema/block-input.js';
import { BLOCK_MEMBER, blockReferenceSchema } from '../schema/block-reference.js';
import { UNREAD_VALUE } from '../registered-process.js';
import type { ValueValidator, ValueValidators } from './value-validator.js';
import { valueWords } from './value-words.js';

/** Occurrences are looked at until this many violations were found. */
const MOST_VIOLATIONS = 100;

/** One input, ready to be validated: its occurrences, default and schema. */
export class CompiledInput {
  private readonly minOccurs: number;
  private readonly maxOccurs: number;
  private readonly value: ValueValidator;
  private readonly pointer: string;
  private readonly reference?: ValueValidator;

  /**
   * @param blockTypes of the blocks that the input may refer to
   * @throws Error when the schema cannot be compiled, or the default does not fit it
   */
  constructor(
    readonly id: string,
    private readonly input: InputDescription,
    validators: ValueValidators,
    private readonly blockTypes?: readonly string[],
  ) {
    const { minOccurs = 1, maxOccurs = 1 } = input;
    this.minOccurs = minOccurs;
    this.maxOccurs = maxOccurs === 'unbounded' ? Infinity : maxOccurs;
    this.pointer = `/inputs/${pointerPart(id)}`;
    this.value = validators.compile(blockTypes === undefined ? input.schema : valueSchemaOf(input.schema));
    if (blockTypes !== undefined) this.reference = validators.compile(blockReferenceSchema(blockTypes));
    this.checkDefault();
  }

  /**
   * Validates the input among all values, and fills in its default when it was not sent. Nothing is wrong with an
   * {@link UNREAD_VALUE}.
   * @param takesBlocks whether a block may be referred to, should the input take any
   */
  validate(values: Record<string, unknown>, takesBlocks = true): Violation[] {
    const value = Object.hasOwn(values, this.id) ? values[this.id] : undefined;
    if (value === undefined) return this.absent(values);
    if (this.maxOccurs === 1) return this.violationsOf(value, this.pointer, takesBlocks);
    if (!Array.isArray(value)) {
      return [{ pointer: this.pointer, detail: `Expected an array of occurrences, got ${valueWords(value)}.` }];
    }
    if (value.length < this.minOccurs || value.length > this.maxOccurs) {
      return [{ pointer: this.pointer, detail: `Expected ${this.occurrenceWords()}, got ${value.length}.` }];
    }
    const violations: Violation[] = [];
    for (let index = 0; index < value.length && violations.length < MOST_VIOLATIONS; index++) {
      violations.push(...this.violationsOf(value[index], `${this.pointer}/${index}`, takesBlocks));
    }
    return violations;
  }

  private violationsOf(value: unknown, pointer: string, takesBlocks: boolean): Violation[] {
    if (value === UNREAD_VALUE) return [];
    if (this.reference === undefined || !takesBlocks || !meansBlock(value)) return this.value.validate(value, pointer);
    if (this.reference.validate(value, pointer).length === 0) return [];
    const [type] = this.blockTypes!;
    const kinds = this.blockTypes!.join(' or ');
    const example = JSON.stringify({ [BLOCK_MEMBER]: `${type}/name` });
    return [{ pointer, detail: `Only a block of the type ${kinds} can be referred to here, such as ${example}.` }];
  }

  private absent(values: Record<string, unknown>): Violation[] {
    const fallback = this.input.schema.default;
    if (fallback !== undefined) values[this.id] = structuredClone(fallback);
    else if (this.minOccurs > 0) return [{ pointer: this.pointer, detail: 'This input is required.' }];
    return [];
  }

  private checkDefault(): void {
    const fallback = this.input.schema.default;
    if (fallback === undefined) return;
    const [violation] = this.validate({ [this.id]: structuredClone(fallback) });
    if (violation) throw new Error(`its default does not fit: ${violation.detail}`);
  }

  private occurrenceWords(): string {
    const { minOccurs, maxOccurs } = this;
    if (maxOccurs === Infinity) return `at least ${minOccurs} occurrence${minOccurs === 1 ? '' : 's'}`;
    return minOccurs === maxOccurs ? `${minOccurs} occurrences` : `${minOccurs} to ${maxOccurs} occurrences`;
  }
}
