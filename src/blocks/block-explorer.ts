import { Injectable } from '@nestjs/common';
import type { OnModuleInit, Type } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { FaultCollector } from '../processes/definition/invalid-process.error.js';
import type { DefinitionFault } from '../processes/definition/invalid-process.error.js';
import { BLOCK_TYPE } from '../processes/schema/block-reference.js';
import { BlockRegistry } from './block-registry.js';
import { blockOptionsOf, type BlockOptions } from './decorators/block.decorator.js';
import { readFields } from './definition/block-fields.js';
import { BlockType } from './definition/block-type.js';
import { InvalidBlockError } from './definition/invalid-block.error.js';

interface FoundBlock {
  readonly make: Type;
  readonly options: BlockOptions;
}

/** Finds the classes with `@Block()` among the providers, checks and compiles them, and fills the registry. */
@Injectable()
export class BlockExplorer implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly registry: BlockRegistry,
  ) {}

  /** @throws InvalidBlockError that lists the faults of all types, so that one start shows them all */
  onModuleInit(): void {
    const faults: DefinitionFault[] = [];
    const owners = new Map<string, Type>();
    const types: { readonly found: FoundBlock; readonly type: BlockType }[] = [];
    for (const found of this.find()) {
      const collector = collectorOf(found);
      const earlier = owners.get(found.options.type);
      if (earlier === undefined) owners.set(found.options.type, found.make);
      else collector.add('type', `is taken by the class ${earlier.name} already; give one of them another type.`);
      const type = compile(found, collector);
      if (type) types.push({ found, type });
      faults.push(...collector.faults);
    }
    for (const { found, type } of types) faults.push(...unknownTypes(found, type, owners));
    if (faults.length > 0) throw new InvalidBlockError(faults);
    this.registry.fill(types.map(({ type }) => type));
  }

  /** Each class once, also when several modules provide it: it is no provider that is injected anywhere. */
  private find(): FoundBlock[] {
    const found = new Map<Type, FoundBlock>();
    for (const { metatype } of this.discovery.getProviders()) {
      const options = typeof metatype === 'function' ? blockOptionsOf(metatype) : undefined;
      if (options) found.set(metatype as Type, { make: metatype as Type, options });
    }
    return [...found.values()];
  }
}

function collectorOf({ make, options }: FoundBlock): FaultCollector {
  return new FaultCollector(() => `${make.name} (${String(options.type)})`);
}

function compile({ make, options }: FoundBlock, faults: FaultCollector): BlockType | undefined {
  if (typeof options.type !== 'string' || !BLOCK_TYPE.test(options.type)) {
    const rule = 'must begin with a small letter, followed by up to 63 small letters, digits and hyphens';
    faults.add('type', `${rule}; this is ${JSON.stringify(options.type)}.`);
  }
  for (const text of ['title', 'description'] as const) {
    if (options[text] !== undefined && typeof options[text] !== 'string') faults.add(text, 'must be text.');
  }
  const fields = readFields(make, faults);
  return faults.faults.length > 0 ? undefined : BlockType.compile(options, make, fields, faults);
}

function unknownTypes(found: FoundBlock, type: BlockType, known: ReadonlyMap<string, Type>): DefinitionFault[] {
  const faults = collectorOf(found);
  for (const { name, blockTypes } of type.fields.values()) {
    for (const named of blockTypes) {
      if (!known.has(named)) {
        faults.add(
          name,
          `refers to blocks of the type ${named}, which no class has; list that class among the providers.`,
        );
      }
    }
  }
  return [...faults.faults];
}
