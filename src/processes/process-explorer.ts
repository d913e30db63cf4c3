import { Injectable } from '@nestjs/common';
import type { OnModuleInit, Type } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { CompiledProcess } from './compiled-process.js';
import { processOptionsOf } from './decorators/process.decorator.js';
import type { ProcessOptions } from './decorators/process-options.js';
import { FaultCollector, InvalidProcessError } from './definition/invalid-process.error.js';
import type { DefinitionFault } from './definition/invalid-process.error.js';
import { readProcessDefinition } from './definition/process-definition.js';
import type { ProcessHandler } from './process-handler.js';
import { ProcessRegistry } from './process-registry.js';

interface FoundProcess {
  readonly wrapper: InstanceWrapper;
  readonly type: Type;
  readonly options: ProcessOptions;
}

/** Finds the classes with `@Process()` among the providers, checks and compiles them, and fills the registry. */
@Injectable()
export class ProcessExplorer implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly registry: ProcessRegistry,
  ) {}

  /** @throws InvalidProcessError that lists the faults of all processes, so that one start shows them all */
  onModuleInit(): void {
    const faults: DefinitionFault[] = [];
    const processes = new Map<string, { process: CompiledProcess; found: FoundProcess }>();
    for (const found of this.find()) {
      const collector = new FaultCollector(() => nameOf(found));
      const process = this.compile(found, collector);
      if (process) {
        const { id } = process.description;
        const earlier = processes.get(id);
        if (earlier) collector.add('id', duplicate(earlier.found, found));
        else processes.set(id, { process, found });
      }
      faults.push(...collector.faults);
    }
    if (faults.length > 0) throw new InvalidProcessError(faults);
    this.registry.fill([...processes.values()].map(({ process }) => process));
  }

  private find(): FoundProcess[] {
    return this.discovery.getProviders().flatMap((wrapper) => {
      const type = wrapper.metatype as Type | null;
      const options = typeof type === 'function' ? processOptionsOf(type) : undefined;
      return options ? [{ wrapper, type: type!, options }] : [];
    });
  }

  private compile({ wrapper, options }: FoundProcess, faults: FaultCollector): CompiledProcess | undefined {
    if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient) {
      faults.add(
        '',
        'is not a singleton: the class, or something injected into it, is request-scoped or transient; use the default scope and take what belongs to one execution from the `context` of `execute`.',
      );
      return undefined;
    }
    const handler = wrapper.instance as Partial<ProcessHandler> | undefined;
    if (typeof handler?.execute !== 'function') {
      faults.add('', 'has no method `execute(inputs, context)`; implement ProcessHandler.');
    }
    const definition = readProcessDefinition(options, faults);
    if (!definition || typeof handler?.execute !== 'function') return undefined;
    return CompiledProcess.compile(definition, handler as ProcessHandler, faults);
  }
}

function nameOf({ type, options }: FoundProcess): string {
  const id = options.definition ? undefined : (options.id as unknown);
  return typeof id === 'string' ? `${type.name} (${id})` : type.name;
}

function duplicate(earlier: FoundProcess, later: FoundProcess): string {
  const modules = [earlier, later].map(({ wrapper }) => wrapper.host?.name ?? 'a module');
  return earlier.type === later.type
    ? `the class is a provider of both ${modules.join(' and ')}; list it in one of them.`
    : `is taken by the class ${earlier.type.name} already; give one of them another id.`;
}
