import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { Settings } from '../config/settings.js';
import type { JsonObject } from '../ogc/json-object.js';
import { BLOCK_NAME } from '../processes/schema/block-reference.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { BlockContents } from './block-content.js';
import { type BlockRef, blockRefText, NAME_WORDS } from './block-ref.js';
import { referrers } from './block-references.js';
import { BlockRegistry } from './block-registry.js';
import { BlockUsage } from './block-usage.js';
import { blockTag, type ExpectedTags } from './block-version.js';
import { Blocks } from './blocks.js';
import { type BlockRow, type BlockRowChanges, BlockRows } from './store/block-rows.js';

/** What clients do with blocks. Changes take turns, so that what was checked holds when it is written. */
@Injectable()
export class BlockChanges implements OnApplicationBootstrap {
  private usages: readonly BlockUsage[] = [];

  constructor(
    private readonly rows: BlockRows,
    private readonly contents: BlockContents,
    private readonly registry: BlockRegistry,
    private readonly blocks: Blocks,
    private readonly discovery: DiscoveryService,
    private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    const instances = this.discovery.getProviders().map(({ instance }): unknown => instance);
    this.usages = [...new Set(instances.filter((instance) => instance instanceof BlockUsage))];
  }

  /** @throws DomainError `no-such-block` */
  async find(ref: BlockRef): Promise<BlockRow> {
    return (await this.rows.find(ref)) ?? unknown(ref);
  }

  /**
   * @param values secrets in the clear
   * @throws DomainError `no-such-block-type`, `block-name-taken`, `too-many-blocks`, `body-too-large`,
   *   `invalid-parameter`
   */
  async create(ref: BlockRef, values: JsonObject): Promise<BlockRow> {
    await this.checkName(ref, values);
    const isReserved = this.isReserved(ref);
    return this.change(async (rows, changes) => {
      if (isReserved || rows.has(blockRefText(ref))) {
        const detail = isReserved ? 'belongs to the service itself' : 'is there already; replace it with PUT';
        throw new DomainError('block-name-taken', `The block ${blockRefText(ref)} ${detail}.`);
      }
      const most = this.settings.MAX_BLOCKS;
      if (rows.size >= most) throw new DomainError('too-many-blocks', `This service keeps ${most} block(s) at most.`);
      return changes.put(ref, { ...(await this.contents.make(ref, values, undefined, rows)), origin: 'api' });
    });
  }

  /**
   * Replaces all values.
   * @param values secrets in the clear, or `{"$secret": true}` for those that stay
   * @throws DomainError `no-such-block`, `precondition-failed`, `block-is-read-only`, `body-too-large`,
   *   `invalid-parameter`, `block-unusable`
   */
  replace(ref: BlockRef, values: JsonObject, expected?: ExpectedTags): Promise<BlockRow> {
    return this.write(ref, expected, () => values);
  }

  /** Changes the values that are given; null takes one away. Throws as {@link replace} does. */
  merge(ref: BlockRef, values: JsonObject, expected?: ExpectedTags): Promise<BlockRow> {
    return this.write(ref, expected, (row) => {
      const kept = Object.keys(row.secrets).map((name) => [name, { $secret: true }] as const);
      const merged = { ...row.values, ...Object.fromEntries(kept), ...values };
      return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
    });
  }

  /** @throws DomainError `no-such-block`, `precondition-failed`, `block-is-read-only`, `block-in-use` */
  remove(ref: BlockRef, expected?: ExpectedTags): Promise<void> {
    return this.change(async (rows, changes) => {
      this.changeable(ref, rows, expected);
      const text = blockRefText(ref);
      const others = referrers(text, rows);
      if (others.length > 0) throw inUse(text, `${others.slice(0, 10).join(', ')} refer(s) to it`);
      for (const usage of this.usages) {
        const use = await usage.useOf(text);
        if (use !== undefined) throw inUse(text, `${use} need(s) it`);
      }
      await changes.remove(ref);
    });
  }

  private isReserved({ type, name }: BlockRef): boolean {
    return this.registry.find(type)?.options.reservedNames?.includes(name) === true;
  }

  private async checkName({ type, name }: BlockRef, values: JsonObject): Promise<void> {
    if (BLOCK_NAME.test(name)) return;
    const errors = [{ pointer: '/name', detail: NAME_WORDS }, ...(await this.registry.get(type).validate(values))];
    throw new DomainError('invalid-parameter', 'The block is not valid.', { errors });
  }

  /** Blocks of a file are changed there, as long as this node is told of a file. */
  private changeable(ref: BlockRef, rows: ReadonlyMap<string, BlockRow>, expected?: ExpectedTags): BlockRow {
    if (this.isReserved(ref)) {
      const detail = `The block ${blockRefText(ref)} is the service's own; there is nothing to change or remove.`;
      throw new DomainError('block-is-read-only', detail);
    }
    const row = rows.get(blockRefText(ref)) ?? unknown(ref);
    if (expected !== undefined && expected !== '*' && !expected.includes(blockTag(row))) {
      const detail = `The block ${blockRefText(ref)} has been changed; read it again.`;
      throw new DomainError('precondition-failed', detail);
    }
    if (row.origin === 'file' && this.settings.BLOCKS_FILE !== undefined) {
      const detail = `The block ${blockRefText(ref)} comes from the BLOCKS_FILE of the service; it is changed there.`;
      throw new DomainError('block-is-read-only', detail);
    }
    return row;
  }

  private write(
    ref: BlockRef,
    expected: ExpectedTags | undefined,
    valuesOver: (row: BlockRow) => JsonObject,
  ): Promise<BlockRow> {
    return this.change(async (rows, changes) => {
      const row = this.changeable(ref, rows, expected);
      const content = await this.contents.make(ref, valuesOver(row), row, rows);
      return changes.put(ref, { ...content, origin: 'api' });
    });
  }

  private async change<T>(
    work: (rows: ReadonlyMap<string, BlockRow>, changes: BlockRowChanges) => Promise<T>,
  ): Promise<T> {
    const result = await this.rows.change(work);
    // Other nodes are notified; this one need not wait for that.
    this.blocks.distrust();
    return result;
  }
}

function inUse(ref: string, reason: string): DomainError {
  return new DomainError('block-in-use', `The block ${ref} cannot be removed: ${reason}.`);
}

function unknown(ref: BlockRef): never {
  const text = blockRefText(ref).slice(0, 150);
  throw new DomainError('no-such-block', `There is no block ${JSON.stringify(text)}.`);
}
