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
import { readHooks, readTasks } from './definition/task-definitions.js';
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
    const processes: CompiledProcess[] = [];
    const owners = new Map<string, FoundProcess>();
    for (const found of this.find()) {
      const collector = new FaultCollector(() => nameOf(found));
      const { id, process } = this.compile(found, collector);
      const earlier = id === undefined ? undefined : owners.get(id);
      if (earlier) collector.add('id', duplicate(earlier, found));
      else if (id !== undefined) owners.set(id, found);
      if (process) processes.push(process);
      faults.push(...collector.faults);
    }
    if (faults.length > 0) throw new InvalidProcessError(faults);
    this.registry.fill(processes);
  }

  private find(): FoundProcess[] {
    return this.discovery.getProviders().flatMap((wrapper) => {
      const type = wrapper.metatype as Type | null;
      const options = typeof type === 'function' ? processOptionsOf(type) : undefined;
      return options ? [{ wrapper, type: type!, options }] : [];
    });
  }

  /** @returns the id where it is known, also of a process with faults, and the process when it has none */
  private compile(
    { wrapper, options }: FoundProcess,
    faults: FaultCollector,
  ): { readonly id?: string; readonly process?: CompiledProcess } {
    const isSingleton = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
    if (!isSingleton) {
      faults.add(
        '',
        'is not a singleton: the class, or something injected into it, is request-scoped or transient; use the default scope and take what belongs to one execution from the `context` of `execute`.',
      );
    }
    const handler = wrapper.instance as Partial<ProcessHandler> | undefined;
    const hasExecute = typeof handler?.execute === 'function';
    // A class that is made per request has no instance to look at.
    if (isSingleton && !hasExecute) {
      faults.add('', 'has no method `execute(inputs, context)`; implement ProcessHandler.');
    }
    const { id, definition } = readProcessDefinition(options, faults);
    if (!definition || !isSingleton || !hasExecute) return { id };
    const before = faults.faults.length;
    const tasks = readTasks(handler, definition.policy, faults);
    const hooks = readHooks(handler, faults);
    if (faults.faults.length > before) return { id };
    return { id, process: CompiledProcess.compile(definition, handler as ProcessHandler, faults, { tasks, hooks }) };
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
