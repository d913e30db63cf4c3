import type { Violation } from '../../ogc/problems/domain-error.js';
import type { InputDescription } from '../process-description.js';
import { pointerPart } from '../../ogc/json-pointer.js';
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

  /** @throws Error when the schema cannot be compiled, or the default does not fit it */
  constructor(
    readonly id: string,
    private readonly input: InputDescription,
    validators: ValueValidators,
  ) {
    const { minOccurs = 1, maxOccurs = 1 } = input;
    this.minOccurs = minOccurs;
    this.maxOccurs = maxOccurs === 'unbounded' ? Infinity : maxOccurs;
    this.pointer = `/inputs/${pointerPart(id)}`;
    this.value = validators.compile(input.schema);
    this.checkDefault();
  }

  /** Validates the input among all values, and fills in its default when it was not sent. */
  validate(values: Record<string, unknown>): Violation[] {
    const value = Object.hasOwn(values, this.id) ? values[this.id] : undefined;
    if (value === undefined) return this.absent(values);
    if (this.maxOccurs === 1) return this.value.validate(value, this.pointer);
    if (!Array.isArray(value)) {
      return [{ pointer: this.pointer, detail: `Expected an array of occurrences, got ${valueWords(value)}.` }];
    }
    if (value.length < this.minOccurs || value.length > this.maxOccurs) {
      return [{ pointer: this.pointer, detail: `Expected ${this.occurrenceWords()}, got ${value.length}.` }];
    }
    const violations: Violation[] = [];
    for (let index = 0; index < value.length && violations.length < MOST_VIOLATIONS; index++) {
      violations.push(...this.value.validate(value[index], `${this.pointer}/${index}`));
    }
    return violations;
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
