import { Injectable } from '@nestjs/common';
import { DomainError } from '../ogc/problems/domain-error.js';
import type { RegisteredProcess } from './registered-process.js';

/** Answers which processes there are. Filled by the explorer while the application starts, fixed from then on. */
@Injectable()
export class ProcessRegistry {
  private processes: ReadonlyMap<string, RegisteredProcess> = new Map();

  /** Called once, by the explorer. */
  fill(processes: Iterable<RegisteredProcess>): void {
    // By code units, not by locale: the order is the same on every node, and cursors compare ids the same way.
    const sorted = [...processes].sort((a, b) => (a.description.id < b.description.id ? -1 : 1));
    this.processes = new Map(sorted.map((process) => [process.description.id, process]));
  }

  find(id: string): RegisteredProcess | undefined {
    return this.processes.get(id);
  }

  /** @throws DomainError `no-such-process` */
  get(id: string): RegisteredProcess {
    const process = this.processes.get(id);
    if (!process) throw new DomainError('no-such-process', `There is no process with the id ${JSON.stringify(id)}.`);
    return process;
  }

  /** All processes, sorted by id. */
  list(): RegisteredProcess[] {
    return [...this.processes.values()];
  }
}
