import { Injectable } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../ogc/json-object.js';
import { jsonPointer } from '../ogc/json-pointer.js';
import { DomainError, type Violation } from '../ogc/problems/domain-error.js';
import { type BlockRef, blockRefText } from './block-ref.js';
import { type BlockGraph, checkReferences } from './block-references.js';
import { BlockRegistry } from './block-registry.js';
import { BlockSecrets } from './block-secrets.js';
import { isSecretMark, shownValues } from './kept-secrets.js';
import type { BlockType } from './definition/block-type.js';
import type { BlockContent, BlockRow } from './store/block-rows.js';

/** Bytes of the values of a block, as JSON. */
const LARGEST = 64 * 1024;

/** Turns the values of a document into what a row holds: checked, secrets encrypted. */
@Injectable()
export class BlockContents {
  constructor(
    private readonly registry: BlockRegistry,
    private readonly secrets: BlockSecrets,
  ) {}

  /**
   * @param values secrets in the clear; `{"$secret": true}` for those of the earlier row
   * @param earlier what is replaced
   * @param graph all blocks; the references have to be among them
   * @throws DomainError `no-such-block-type`, `body-too-large`; `invalid-parameter` with every violation;
   *   `block-unusable` when a secret that is to be kept cannot be read
   */
  async make(
    ref: BlockRef,
    values: JsonObject,
    earlier: BlockRow | undefined,
    graph: BlockGraph,
  ): Promise<Omit<BlockContent, 'origin'>> {
    const type = this.registry.get(ref.type);
    if (Buffer.byteLength(JSON.stringify(values)) > LARGEST) {
      throw new DomainError('body-too-large', `The values of a block take up to ${LARGEST} bytes of JSON.`);
    }
    const kept = [...type.fields.values()].filter(({ name, isSecret }) => isSecret && isSecretMark(values[name]));
    const stored = await this.storedSecrets(ref, kept, earlier);
    const violations = kept
      .filter(({ name }) => !Object.hasOwn(stored, name))
      .map(({ name }) => ({ pointer: jsonPointer('values', name), detail: 'There is no stored secret to keep.' }));
    violations.push(...redirected(type, stored, values, earlier));
    const whole = { ...values, ...stored };
    const missing = new Set(violations.map(({ pointer }) => pointer));
    violations.push(...(await type.validate(whole)).filter(({ pointer }) => !missing.has(pointer)));
    const targets = type.references(whole);
    violations.push(...checkReferences(blockRefText(ref), targets, graph));
    refuse(violations);
    const { open, secrets } = type.divide(whole);
    const fresh = Object.fromEntries(Object.entries(secrets).filter(([name]) => !Object.hasOwn(stored, name)));
    const sealed = Object.keys(stored).map((name) => [name, earlier!.secrets[name]] as const);
    return {
      values: open,
      secrets: { ...Object.fromEntries(sealed), ...(await this.secrets.seal(ref, fresh)) },
      refs: [...new Set(targets.values())].sort(),
    };
  }

  /** Whether a row holds these values already. A secret that cannot be read is another one. */
  async isSame(row: BlockRow, values: JsonObject): Promise<boolean> {
    const { open, secrets } = this.registry.get(row.type).divide(values);
    if (!isDeepStrictEqual(row.values, JSON.parse(JSON.stringify(open)))) return false;
    try {
      return isDeepStrictEqual(await this.secrets.open(row, row.secrets), JSON.parse(JSON.stringify(secrets)));
    } catch (error) {
      if (error instanceof DomainError && error.code === 'block-unusable') return false;
      throw error;
    }
  }

  private async storedSecrets(
    ref: BlockRef,
    kept: readonly { readonly name: string }[],
    earlier: BlockRow | undefined,
  ): Promise<JsonObject> {
    const sealed = kept.filter(({ name }) => earlier !== undefined && Object.hasOwn(earlier.secrets, name));
    return this.secrets.open(ref, Object.fromEntries(sealed.map(({ name }) => [name, earlier!.secrets[name]])));
  }
}

/** Stored secrets that would be sent to another place than the one they were given for. */
function redirected(
  { fields }: BlockType,
  stored: JsonObject,
  values: JsonObject,
  earlier: BlockRow | undefined,
): Violation[] {
  const before = earlier === undefined ? {} : shownValues(earlier.values, earlier.secrets);
  const isElsewhere = [...fields.values()].some(
    ({ name, isDestination, default: fallback }) =>
      isDestination && !isDeepStrictEqual(values[name] ?? fallback, before[name] ?? fallback),
  );
  const detail = 'The secret must be given again, because the address changes.';
  return isElsewhere ? Object.keys(stored).map((name) => ({ pointer: jsonPointer('values', name), detail })) : [];
}

function refuse(violations: readonly Violation[]): void {
  if (violations.length === 0) return;
  throw new DomainError('invalid-parameter', 'The values of the block are not valid.', { errors: violations });
}
