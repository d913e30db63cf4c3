import { Injectable } from '@nestjs/common';
import { DomainError } from '../ogc/problems/domain-error.js';
import type { BlockType } from './definition/block-type.js';

/** Answers which types of blocks there are. Filled by the explorer while the application starts, fixed from then on. */
@Injectable()
export class BlockRegistry {
  private types: ReadonlyMap<string, BlockType> = new Map();

  /** Called once, by the explorer. */
  fill(types: Iterable<BlockType>): void {
    const sorted = [...types].sort((a, b) => (a.type < b.type ? -1 : 1));
    this.types = new Map(sorted.map((type) => [type.type, type]));
  }

  find(type: string): BlockType | undefined {
    return this.types.get(type);
  }

  /** @throws DomainError `no-such-block-type` */
  get(type: string): BlockType {
    const found = this.types.get(type);
    if (found) return found;
    const known = [...this.types.keys()].join(', ');
    const named = JSON.stringify(type.slice(0, 100));
    throw new DomainError('no-such-block-type', `There is no type of block ${named}. There are ${known}.`);
  }

  /** All types, sorted by name. */
  list(): BlockType[] {
    return [...this.types.values()];
  }
}
