import { Injectable } from '@nestjs/common';
import type { JsonObject } from '../ogc/json-object.js';
import { type BlockRef, parseBlockRef } from './block-ref.js';
import { BlockRegistry } from './block-registry.js';
import { BlockSecrets, unusable } from './block-secrets.js';
import { SECRET_TYPE } from './definition/block-fields.js';
import type { BlockRow } from './store/block-rows.js';

/** What a block is made of. */
interface Assembled {
  readonly instance: JsonObject;
  /** The same as JSON: blocks that it refers to written out in place. */
  readonly plain: JsonObject;
  /** All secrets in it. */
  readonly secrets: readonly unknown[];
}

/** Makes instances of block classes from rows: secrets decrypted, other blocks put in their places. */
@Injectable()
export class BlockAssembly {
  constructor(
    private readonly registry: BlockRegistry,
    private readonly secrets: BlockSecrets,
  ) {}

  /** An instance without secrets and without other blocks; nothing when this node has no class for it. */
  sketch({ type, values }: Pick<BlockRow, 'type' | 'values'>): object | undefined {
    return this.registry.find(type)?.make(values);
  }

  /**
   * @param rows the block and all that it refers to, by name
   * @throws DomainError `block-unusable`
   */
  async assemble(ref: string, rows: ReadonlyMap<string, BlockRow>, path: readonly string[] = []): Promise<Assembled> {
    const row = rows.get(ref);
    const place: BlockRef = parseBlockRef(ref)!;
    if (row === undefined) throw unusable(parseBlockRef(path.at(-1)!)!, `there is no block ${ref} any more.`);
    if (path.includes(ref)) throw unusable(place, `it refers to itself (${[...path, ref].join(' -> ')}).`);
    const type = this.registry.find(row.type);
    if (type === undefined) throw unusable(place, `this node has no class for blocks of the type ${row.type}.`);
    const opened = await this.secrets.open(place, row.secrets);
    const values: JsonObject = { ...row.values, ...opened };
    const secrets = Object.values(opened);
    const blocks = new Map<string, Assembled>();
    for (const [property, target] of type.references(values)) {
      const block = await this.assemble(target, rows, [...path, ref]);
      secrets.push(...block.secrets);
      if (type.fields.get(property)!.isSecret) values[property] = block.instance.value;
      else blocks.set(property, block);
    }
    const [violation] = await type.validate(values);
    if (violation !== undefined) throw unusable(place, `${violation.pointer}: ${violation.detail}`);
    const instance = type.make(values);
    const plain = { ...values };
    for (const [property, block] of blocks) {
      instance[property] = block.instance;
      plain[property] = block.plain;
    }
    return { instance, plain, secrets };
  }
}

/** The types whose blocks stand for one value. */
export const VALUE_TYPES: readonly string[] = [SECRET_TYPE, 'json'];
