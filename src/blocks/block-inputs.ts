import { Injectable } from '@nestjs/common';
import { jsonPointer } from '../ogc/json-pointer.js';
import { DomainError, type Violation } from '../ogc/problems/domain-error.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import { inputsWithBlocks, meansBlock } from '../processes/schema/block-input.js';
import { VALUE_TYPES } from './block-assembly.js';
import { parseBlockRef, referencedBlock } from './block-ref.js';
import { Blocks } from './blocks.js';
import { KnownSecrets } from './secrets/known-secrets.js';

/** What is needed to know of a process whose inputs refer to blocks. */
type BlockTaker = Pick<RegisteredProcess, 'blockInputs' | 'validateInputs'>;

/** What came of putting blocks in their places. */
interface Resolution {
  readonly values: Record<string, unknown>;
  readonly secrets: readonly unknown[];
  readonly violations: readonly Violation[];
}

/** What a process gets where its inputs refer to blocks. */
export interface ResolvedInputs {
  /** They may hold secrets: never to be stored or shown. */
  readonly values: Record<string, unknown>;
  /** What has to be hidden in what the process says; absent when nothing of the values is secret. */
  readonly secrets?: KnownSecrets;
}

/** Puts blocks in the places of inputs that refer to them. Its results hold secrets: never to be stored or shown. */
@Injectable()
export class BlockInputs {
  constructor(private readonly blocks: Blocks) {}

  /**
   * Tries what {@link resolve} will do.
   * @param inputs validated; what refers to a block does so at the top level, or in an array there
   * @returns what is wrong with the blocks, with no word of their values
   */
  async check(process: BlockTaker, inputs: Readonly<Record<string, unknown>>): Promise<readonly Violation[]> {
    if (inputsWithBlocks(process.blockInputs, inputs).length === 0) return [];
    return (await this.attempt(process, inputs)).violations;
  }

  /**
   * @param inputs as {@link check} has them
   * @returns the values that the process gets, the same object when nothing refers to a block
   * @throws DomainError `block-unusable`, with no word of the values
   */
  async resolve(process: BlockTaker, inputs: Record<string, unknown>): Promise<ResolvedInputs> {
    if (inputsWithBlocks(process.blockInputs, inputs).length === 0) return { values: inputs };
    const { values, secrets, violations } = await this.attempt(process, inputs);
    if (violations.length === 0) return secrets.length > 0 ? { values, secrets: KnownSecrets.of(secrets) } : { values };
    const [{ pointer, detail }] = violations;
    throw new DomainError('block-unusable', `${pointer}: ${detail}`, { errors: violations });
  }

  private async attempt(process: BlockTaker, inputs: Readonly<Record<string, unknown>>): Promise<Resolution> {
    const values = { ...inputs };
    const secrets: unknown[] = [];
    const violations: Violation[] = [];
    for (const id of inputsWithBlocks(process.blockInputs, inputs)) {
      const types = process.blockInputs!.get(id)!;
      const valueOf = async (value: unknown) => {
        try {
          return meansBlock(value) ? await this.valueOf(value, types, secrets) : value;
        } catch (error) {
          if (!(error instanceof DomainError)) throw error;
          violations.push({ pointer: jsonPointer('inputs', id), detail: error.message });
          return undefined;
        }
      };
      const given = inputs[id];
      values[id] = Array.isArray(given) ? await Promise.all(given.map(valueOf)) : await valueOf(given);
    }
    if (violations.length > 0) return { values, secrets, violations };
    return { values, secrets, violations: unspoken(await process.validateInputs(values, 'resolved')) };
  }

  /**
   * @param into gets the secrets of the block
   * @throws DomainError `no-such-block`, `block-unusable`
   */
  private async valueOf(reference: unknown, types: readonly string[], into: unknown[]): Promise<unknown> {
    const ref = referencedBlock(reference);
    if (ref === undefined || !types.includes(parseBlockRef(ref)!.type)) {
      throw new DomainError('block-unusable', `A block of the type ${types.join(' or ')} is needed here.`);
    }
    const { type, plain, secrets } = await this.blocks.get(ref);
    into.push(...secrets);
    // What a process does to its inputs must not change the block.
    return structuredClone(VALUE_TYPES.includes(type) ? plain.value : plain);
  }
}

/** Words of validators may quote values. */
function unspoken(violations: readonly Violation[]): Violation[] {
  const detail = 'The value does not fit the input, with blocks in the places where they are referred to.';
  const ids = new Set(violations.map(({ pointer }) => pointer.split('/', 3).join('/')));
  return [...ids].map((pointer) => ({ pointer, detail }));
}
