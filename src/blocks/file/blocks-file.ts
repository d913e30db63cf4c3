import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { DomainError } from '../../ogc/problems/domain-error.js';
import { BlockContents } from '../block-content.js';
import { blockRefText } from '../block-ref.js';
import { BlockRegistry } from '../block-registry.js';
import { Blocks } from '../blocks.js';
import { type BlockRow, type BlockRowChanges, BlockRows } from '../store/block-rows.js';
import { BlocksFileError } from './blocks-file.error.js';
import { type FileBlock, readBlocksFile } from './read-blocks-file.js';

type Rows = ReadonlyMap<string, BlockRow>;

/**
 * Writes the blocks of BLOCKS_FILE into the database when the node starts: all of them or none. What is there already
 * is left alone, so that nodes which start with the same file change nothing after the first one.
 */
@Injectable()
export class BlocksFile implements OnApplicationBootstrap {
  private readonly logger = new Logger(BlocksFile.name);

  constructor(
    private readonly settings: Settings,
    private readonly rows: BlockRows,
    private readonly contents: BlockContents,
    private readonly registry: BlockRegistry,
    private readonly blocks: Blocks,
  ) {}

  /** @throws BlocksFileError with every fault */
  async onApplicationBootstrap(): Promise<void> {
    const path = this.settings.BLOCKS_FILE;
    if (path === undefined) return;
    const given = readBlocksFile(path);
    const changed = await this.rows.change((rows, changes) => this.write(path, given, rows, changes));
    this.blocks.distrust();
    this.logger.log(`${given.length} block(s) in ${path}, ${changed} of them new or changed.`);
  }

  private async write(path: string, given: FileBlock[], rows: Rows, changes: BlockRowChanges): Promise<number> {
    const faults: string[] = [];
    const graph = this.graphWith(given, rows);
    const names = new Set(given.map(({ ref }) => blockRefText(ref)));
    let changed = 0;
    for (const { ref, values } of given) {
      const name = blockRefText(ref);
      try {
        if (this.registry.get(ref.type).options.reservedNames?.includes(ref.name)) {
          faults.push(`${name} belongs to the service itself`);
          continue;
        }
        const content = await this.contents.make(ref, values, undefined, graph);
        const row = rows.get(name);
        if (row?.origin === 'file' && (await this.contents.isSame(row, values))) continue;
        await changes.put(ref, { ...content, origin: 'file' });
        changed++;
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        faults.push(...faultsOf(name, error));
      }
    }
    if (faults.length > 0) throw new BlocksFileError(path, faults);
    for (const row of rows.values()) {
      if (row.origin === 'file' && !names.has(blockRefText(row))) await changes.put(row, { ...row, origin: 'api' });
    }
    return changed;
  }

  /** Blocks of the file may refer to each other in any order. */
  private graphWith(given: readonly FileBlock[], rows: Rows): Map<string, { readonly refs: readonly string[] }> {
    const fromFile = given.map(({ ref, values }) => {
      const refs = [...(this.registry.find(ref.type)?.references(values).values() ?? [])];
      return [blockRefText(ref), { refs }] as const;
    });
    return new Map<string, { readonly refs: readonly string[] }>([...rows, ...fromFile]);
  }
}

function faultsOf(name: string, { message, errors = [] }: DomainError): string[] {
  if (errors.length === 0) return [`${name}: ${message}`];
  return errors.map(({ pointer, detail }) => `${name}, ${pointer.replace('/values/', '')}: ${detail}`);
}
