import { Injectable } from '@nestjs/common';
import { DomainError, type Violation } from '../../ogc/problems/domain-error.js';
import type { InputDescription } from '../../processes/process-description.js';
import type { RegisteredProcess } from '../../processes/registered-process.js';
import { ownMember } from '../json-object.js';
import { jsonPointer } from '../json-pointer.js';
import { alternativeFor, alternativesOf } from '../schema-alternatives.js';
import { limitViolations } from '../violation-limit.js';
import { readInlineInput, unknownMediaType } from './inline-input.reader.js';
import { readFormat } from './input-format.js';
import { isRepeatable, occurrencesOf, type InputOccurrence } from './input-occurrence.js';
import { InputStager } from './input-stager.js';
import { InputViolation, UnavailableReference } from './input-violation.js';
import { ReferenceReader, type InputReference } from './reference.reader.js';

const PARALLEL_FETCHES = 4;
/** More references in one request than this are refused: each of them is a request this service makes for a stranger. */
const MAX_REFERENCES = 256;

/** One place in the resolved inputs, filled in as soon as its occurrence is read. */
interface Slot {
  readonly occurrence: InputOccurrence;
  readonly description: InputDescription;
  reference?: InputReference;
  value?: unknown;
}

/** Turns the inputs of an execute request into the values that `execute` receives (OGC 18-062r2 section 7.11.2). */
@Injectable()
export class InputResolver {
  constructor(private readonly references: ReferenceReader) {}

  /**
   * Reads inline values first, and fetches references only when nothing is wrong with the request so far. Unknown
   * input ids pass as they are; they and missing ones are for `RegisteredProcess.validateInputs` to name.
   * @param raw inputs as sent
   * @param directory of the execution; binary inputs are put into files `inputs/<n>` in it
   * @returns values by input id; an array for an input that may occur more than once, an `InputFile` for a binary one
   * @throws DomainError `invalid-parameter` with every violation; `reference-unavailable` when only the fetching
   *   failed. Staged files are removed then.
   */
  async resolve(
    raw: Readonly<Record<string, unknown>>,
    process: Pick<RegisteredProcess, 'description'>,
    directory: string,
    signal: AbortSignal,
  ): Promise<Record<string, unknown>> {
    const stager = new InputStager(directory);
    try {
      return await new Resolution(raw, process, stager, signal, this.references).run();
    } catch (error) {
      await stager.discard();
      throw error;
    }
  }
}

class Resolution {
  private readonly violations: Violation[] = [];
  private isRequestAtFault = false;

  constructor(
    private readonly raw: Readonly<Record<string, unknown>>,
    private readonly process: Pick<RegisteredProcess, 'description'>,
    private readonly stager: InputStager,
    private readonly signal: AbortSignal,
    private readonly references: ReferenceReader,
  ) {}

  async run(): Promise<Record<string, unknown>> {
    const inputs = Object.entries(this.raw).map(([id, value]) => ({ id, value, slots: this.slots(id, value) }));
    const slots = inputs.flatMap((input) => input.slots ?? []);
    for (const slot of slots) await this.attempt(slot, () => this.readInline(slot));
    this.limitReferences(slots);
    this.throwViolations();
    await this.fetch(slots.filter(({ reference }) => reference !== undefined));
    this.throwViolations();
    // fromEntries defines properties; an id such as __proto__ stays an ordinary member.
    return Object.fromEntries(
      inputs.map(({ id, value, slots: own }) => {
        if (own === undefined) return [id, value];
        const values = own.map((slot) => slot.value);
        return [id, isRepeatable(this.process.description.inputs[id]) ? values : values[0]];
      }),
    );
  }

  private slots(id: string, value: unknown): Slot[] | undefined {
    if (!Object.hasOwn(this.process.description.inputs, id)) return undefined;
    const description = this.process.description.inputs[id];
    return occurrencesOf(id, value, description).map((occurrence) => ({ occurrence, description }));
  }

  private async readInline(slot: Slot): Promise<void> {
    const { occurrence, description } = slot;
    this.signal.throwIfAborted();
    if (occurrence.form === 'inline') {
      slot.value = await readInlineInput(occurrence.value, {}, description.schema, this.stager, this.signal);
      return;
    }
    const before = this.violations.length;
    const format = readFormat(occurrence.object, occurrence.pointer, (violation) => this.violate(violation));
    if (this.violations.length > before) return;
    if (occurrence.form === 'qualified') {
      slot.value = await readInlineInput(occurrence.value, format, description.schema, this.stager, this.signal);
      return;
    }
    const href = ownMember(occurrence.object, 'href');
    if (typeof href !== 'string') {
      this.violate({ pointer: occurrence.pointer + jsonPointer('href'), detail: 'must be a string' });
    } else if (format.mediaType !== undefined && !alternativeFor(description.schema, format.mediaType)) {
      throw unknownMediaType(alternativesOf(description.schema));
    } else {
      slot.reference = { href, mediaType: format.mediaType };
    }
  }

  private limitReferences(slots: Slot[]): void {
    const excess = slots.filter(({ reference }) => reference !== undefined)[MAX_REFERENCES];
    if (excess === undefined) return;
    const detail = `is one reference too many, at most ${MAX_REFERENCES} are fetched for one execution`;
    this.violate({ pointer: excess.occurrence.pointer, detail });
  }

  private async fetch(slots: Slot[]): Promise<void> {
    const queue = [...slots];
    const fetchers = Array.from({ length: Math.min(PARALLEL_FETCHES, queue.length) }, async () => {
      for (let slot = queue.shift(); slot !== undefined; slot = queue.shift()) {
        const { reference, description } = slot;
        const target = slot;
        await this.attempt(slot, async () => {
          this.signal.throwIfAborted();
          target.value = await this.references.read(reference!, description.schema, this.stager, this.signal);
        });
      }
    });
    // All of them end before the staged files may be removed.
    const failed = (await Promise.allSettled(fetchers)).find((settled) => settled.status === 'rejected');
    if (failed) throw failed.reason;
  }

  private async attempt({ occurrence: { pointer } }: Slot, read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (error) {
      this.signal.throwIfAborted();
      if (error instanceof InputViolation) this.violate({ pointer, detail: error.message });
      else if (error instanceof UnavailableReference) this.violations.push({ pointer, detail: error.message });
      else throw error;
    }
  }

  private violate(violation: Violation): void {
    this.isRequestAtFault = true;
    this.violations.push(violation);
  }

  private throwViolations(): void {
    if (this.violations.length === 0) return;
    const errors = limitViolations(this.violations);
    throw this.isRequestAtFault
      ? new DomainError('invalid-parameter', 'The inputs are not valid.', { errors })
      : new DomainError('reference-unavailable', 'Referenced inputs cannot be fetched.', { errors });
  }
}
