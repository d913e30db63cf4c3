import { NotBase64 } from '../../ogc/base64.js';
import { ownMember } from '../../ogc/json-object.js';
import { DomainError, type Violation } from '../../ogc/problems/domain-error.js';
import { InputFile } from '../../processes/input-file.js';
import type { InputDescription } from '../../processes/process-description.js';
import { type RegisteredProcess, UNREAD_VALUE } from '../../processes/registered-process.js';
import { meansBlock } from '../../processes/schema/block-input.js';
import { measure } from '../../processes/validation/value-size.js';
import { jsonPointer } from '../../ogc/json-pointer.js';
import { alternativeFor, alternativesOf, schemaNamed } from '../schema-alternatives.js';
import { limitViolations } from '../violation-limit.js';
import { readInlineInput, unknownMediaType, UnreadInput } from './inline-input.reader.js';
import { readFormat } from './input-format.js';
import { isRepeatable, occurrencesOf, type InputOccurrence } from './input-occurrence.js';
import type { InputStager } from './input-stager.js';
import { InputViolation, UnavailableReference } from './input-violation.js';
import type { ReferenceReader } from './reference.reader.js';

const PARALLEL_FETCHES = 4;
/** More references in one request than this are refused: each of them is a request this service makes for a stranger. */
const MAX_REFERENCES = 256;

/** One place in the resolved inputs, filled in as soon as its occurrence is read. */
interface Slot {
  readonly occurrence: InputOccurrence;
  readonly description: InputDescription;
  readonly takesBlocks: boolean;
  value?: unknown;
}

/** What is yet to be read, and where it goes. */
interface UnreadSlot extends Slot {
  value: UnreadInput;
}

/** What is needed to know of a process whose inputs are read. */
export type InputTaker = Pick<RegisteredProcess, 'description' | 'blockInputs' | 'validateEachInput'>;

/** The inputs of one request on their way to values; see `InputResolver`. */
export class InputResolution {
  private readonly inputs: readonly {
    readonly id: string;
    readonly value: unknown;
    readonly slots?: readonly Slot[];
  }[];
  private readonly described: Readonly<Record<string, InputDescription>>;
  private readonly slots: readonly Slot[];
  private readonly violations: Violation[] = [];
  private isRequestAtFault = false;

  constructor(
    raw: Readonly<Record<string, unknown>>,
    private readonly process: InputTaker,
    private readonly references: ReferenceReader,
  ) {
    this.described = process.description.inputs;
    this.inputs = Object.entries(raw).map(([id, value]) => ({ id, value, slots: this.slotsOf(id, value) }));
    this.slots = this.inputs.flatMap(({ slots }) => slots ?? []);
  }

  /** Reads whatever is there already. */
  readInline(): void {
    for (const slot of this.slots) {
      try {
        slot.value = this.valueOf(slot);
      } catch (error) {
        this.note(slot, error);
      }
    }
  }

  /** Whether nothing is wrong, and nothing left to read. */
  get isComplete(): boolean {
    return this.violations.length === 0 && !this.slots.some(isUnread);
  }

  /** Reads what {@link readInline} left: encoded values one after the other, then references. */
  async readRest(stager: InputStager, signal: AbortSignal): Promise<void> {
    const unread = this.slots.filter(isUnread);
    const references = unread.filter(({ occurrence }) => occurrence.form === 'reference');
    const encoded = unread.filter(({ occurrence }) => occurrence.form !== 'reference');
    await this.readAll(encoded, stager, signal);
    this.limitReferences(references);
    if (references.length > 0 || this.violations.length > 0) this.validateRead();
    this.throwViolations();
    const fetchers = Array.from({ length: PARALLEL_FETCHES }, () => this.readAll(references, stager, signal));
    // All of them end before the staged files may be removed.
    const failed = (await Promise.allSettled(fetchers)).find((settled) => settled.status === 'rejected');
    if (failed) throw failed.reason;
    if (this.violations.length > 0) this.validateRead();
    this.throwViolations();
  }

  /** @param valueOf what is taken from a slot */
  values(valueOf: (slot: Slot) => unknown = ({ value }) => value): Record<string, unknown> {
    // fromEntries defines properties; an id such as __proto__ stays an ordinary member.
    return Object.fromEntries(
      this.inputs.map(({ id, value, slots }) => {
        if (slots === undefined) return [id, value];
        return [id, isRepeatable(this.described[id]) ? slots.map(valueOf) : valueOf(slots[0])];
      }),
    );
  }

  private slotsOf(id: string, value: unknown): Slot[] | undefined {
    if (!Object.hasOwn(this.described, id)) return undefined;
    const description = this.described[id];
    const takesBlocks = this.process.blockInputs?.has(id) === true;
    return occurrencesOf(id, value, description).map((occurrence) => ({ occurrence, description, takesBlocks }));
  }

  private valueOf({ occurrence, description }: Slot): unknown {
    if (occurrence.form === 'inline') return readInlineInput(occurrence.value, {}, description.schema);
    const before = this.violations.length;
    const format = readFormat(occurrence.object, occurrence.pointer, (violation) => this.violate(violation));
    if (this.violations.length > before) return undefined;
    const schema = format.schema ? schemaNamed(description.schema, format.schema.named) : description.schema;
    if (schema === undefined) {
      const detail = 'is no schema of this input: use a contentSchema of its description, or one of its alternatives';
      this.violate({ pointer: format.schema!.pointer, detail });
      return undefined;
    }
    if (occurrence.form === 'qualified') return readInlineInput(occurrence.value, format, schema);
    const href = ownMember(occurrence.object, 'href');
    if (typeof href !== 'string') {
      this.violate({ pointer: occurrence.pointer + jsonPointer('href'), detail: 'must be a string' });
      return undefined;
    }
    if (format.mediaType !== undefined && !alternativeFor(schema, format.mediaType)) {
      throw unknownMediaType(alternativesOf(schema));
    }
    const reference = { href, mediaType: format.mediaType };
    return new UnreadInput((stager, signal) => this.references.read(reference, schema, stager, signal));
  }

  /** Validates what was read, as far as that is possible without the rest. */
  private validateRead(): void {
    const isRead = (slot: Slot) => slot.value !== undefined && !isUnread(slot);
    const values = this.values((slot) => (isRead(slot) ? copyOf(slot.value) : UNREAD_VALUE));
    for (const violation of this.process.validateEachInput(values)) this.violate(violation);
  }

  private limitReferences(references: readonly Slot[]): void {
    const excess = references[MAX_REFERENCES];
    if (excess === undefined) return;
    const detail = `is one reference too many, at most ${MAX_REFERENCES} are fetched for one execution`;
    this.violate({ pointer: excess.occurrence.pointer, detail });
  }

  /** Reads until the queue is empty; several may take from one queue. */
  private async readAll(queue: UnreadSlot[], stager: InputStager, signal: AbortSignal): Promise<void> {
    for (let slot = queue.shift(); slot !== undefined; slot = queue.shift()) {
      try {
        signal.throwIfAborted();
        const value = await slot.value.read(stager, signal);
        // Whoever wrote what was fetched is not to choose a block of this service.
        if (slot.takesBlocks && slot.occurrence.form === 'reference' && meansBlock(value)) {
          throw new InputViolation('refers to a block, which only the request itself can do');
        }
        (slot as Slot).value = value;
      } catch (error) {
        signal.throwIfAborted();
        this.note(slot, error);
      }
    }
  }

  private note({ occurrence: { pointer } }: Slot, error: unknown): void {
    if (error instanceof InputViolation || error instanceof NotBase64) this.violate({ pointer, detail: error.message });
    else if (error instanceof UnavailableReference) this.violations.push({ pointer, detail: error.message });
    else throw error;
  }

  private violate(violation: Violation): void {
    this.isRequestAtFault = true;
    this.violations.push(violation);
  }

  private throwViolations(): void {
    if (this.violations.length === 0) return;
    const errors = limitViolations(this.violations);
    throw this.isRequestAtFault
      ? new DomainError('invalid-parameter', `The inputs do not fit the process "${this.process.description.id}".`, {
          errors,
        })
      : new DomainError('reference-unavailable', 'Referenced inputs cannot be fetched.', { errors });
  }
}

/** Validating a copy fills no defaults into the value: by what was sent, executions are told apart. */
function copyOf(value: unknown): unknown {
  // Cloning has no bound of its own; a value that is too deep is refused before anything is filled in.
  return value instanceof InputFile || measure(value).tooDeep ? value : structuredClone(value);
}

function isUnread(slot: Slot): slot is UnreadSlot {
  return slot.value instanceof UnreadInput;
}
