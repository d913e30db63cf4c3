import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Notifications } from '../database/notifications.js';
import type { JsonObject } from '../ogc/json-object.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { BlockAssembly } from './block-assembly.js';
import { blockRefText, parseBlockRef } from './block-ref.js';
import { BLOCK_CHANNEL, type BlockRow, BlockRows } from './store/block-rows.js';

/** How long a block is used without a look at its row, should a notification be lost. Milliseconds. */
const FRESH = 5_000;

/** A block, ready to be used. */
export interface BlockInstance<T extends object = object> {
  /** `<type>/<name>` */
  readonly ref: string;
  readonly type: string;
  readonly name: string;
  /** Differs whenever the block, or one that it refers to, has been changed. */
  readonly revision: string;
  /** Instance of the class of its type: validated, secrets in the clear, other blocks as instances of their classes. */
  readonly instance: T;
  /** The same as JSON. It holds secrets too: never to be stored or shown. */
  readonly plain: JsonObject;
  /** All secrets in it, those of other blocks included: what has to be hidden in texts of others. */
  readonly secrets: readonly unknown[];
}

/** A block as far as it can be told without its secrets and without other blocks. */
export interface BlockSketch {
  /** `<type>/<name>` */
  readonly ref: string;
  /** Instance of the class of its type. Nobody has looked whether the block can be used. */
  readonly instance: object;
}

interface KeptSketches {
  readonly blocks: Promise<readonly BlockSketch[]>;
  /** By the clock of `performance`. */
  readonly readAt: number;
}

interface Kept {
  readonly block: BlockInstance;
  /** By the clock of `performance`. */
  checkedAt: number;
}

/** Hands out blocks to the rooms that use them. */
@Injectable()
export class Blocks implements OnModuleInit {
  private readonly kept = new Map<string, Kept>();
  private readonly reading = new Map<string, Promise<BlockInstance>>();
  /** By types. */
  private readonly sketched = new Map<string, KeptSketches>();
  /** Counts the changes heard of: what was read before one may be older than it. */
  private changes = 0;

  constructor(
    private readonly rows: BlockRows,
    private readonly assembly: BlockAssembly,
    private readonly notifications: Notifications,
  ) {}

  onModuleInit(): void {
    this.notifications.on(BLOCK_CHANNEL, () => this.distrust());
  }

  /**
   * The instance is the same until the block is changed, or one that it refers to.
   * @param ref `<type>/<name>`
   * @throws DomainError `no-such-block`; `block-unusable` when it cannot be decrypted, or its class takes it no more
   */
  async get<T extends object = object>(ref: string): Promise<BlockInstance<T>> {
    const kept = this.kept.get(ref);
    if (kept !== undefined && performance.now() - kept.checkedAt < FRESH) return kept.block as BlockInstance<T>;
    let reading = this.reading.get(ref);
    if (reading === undefined) {
      reading = this.read(ref).finally(() => {
        if (this.reading.get(ref) === reading) this.reading.delete(ref);
      });
      this.reading.set(ref, reading);
    }
    return (await reading) as BlockInstance<T>;
  }

  /** All blocks of some types, in the order of the types and of their names: enough to choose one. */
  sketches(types: readonly string[]): Promise<readonly BlockSketch[]> {
    const of = types.join(' ');
    const kept = this.sketched.get(of);
    if (kept !== undefined && performance.now() - kept.readAt < FRESH) return kept.blocks;
    const reading = { blocks: this.readSketches(types), readAt: performance.now() };
    this.sketched.set(of, reading);
    reading.blocks.catch(() => {
      if (this.sketched.get(of) === reading) this.sketched.delete(of);
    });
    return reading.blocks;
  }

  /** Looks at the rows again, at the next use of each block: some were changed. */
  distrust(): void {
    this.changes++;
    this.reading.clear();
    this.sketched.clear();
    for (const kept of this.kept.values()) kept.checkedAt = -Infinity;
  }

  private async readSketches(types: readonly string[]): Promise<readonly BlockSketch[]> {
    const sketches = (await this.rows.ofTypes(types)).map((row) => ({
      ref: blockRefText(row),
      instance: this.assembly.sketch(row),
    }));
    return sketches.filter((sketch): sketch is BlockSketch => sketch.instance !== undefined);
  }

  private async read(ref: string): Promise<BlockInstance> {
    const parsed = parseBlockRef(ref);
    const { changes } = this;
    const now = performance.now();
    const rows = parsed && (await this.rows.needed(parsed));
    if (parsed === undefined || !rows?.has(ref)) {
      this.kept.delete(ref);
      throw new DomainError('no-such-block', `There is no block ${JSON.stringify(ref.slice(0, 150))}.`);
    }
    const revision = revisionOf(rows);
    const kept = this.kept.get(ref);
    if (kept?.block.revision === revision) {
      if (changes === this.changes) kept.checkedAt = now;
      return kept.block;
    }
    const { instance, plain, secrets } = await this.assembly.assemble(ref, rows);
    const block = { ref, ...parsed, revision, instance, plain, secrets };
    this.kept.set(ref, { block, checkedAt: changes === this.changes ? now : -Infinity });
    return block;
  }
}

function revisionOf(rows: ReadonlyMap<string, BlockRow>): string {
  const versions = [...rows].map(([ref, row]) => `${ref}@${row.created_at.getTime()}.${row.version}`);
  return versions.sort().join(' ');
}
