/** One thing that is wrong with the definition of a process. */
export interface DefinitionFault {
  /** The class, with the process id when it is known: `HelloWorld (hello-world)`. */
  readonly process: string;
  /** Where in the definition, for instance `inputs.name.schema.minimum`; empty for the process as a whole. */
  readonly path: string;
  /** What is wrong, and how to mend it. */
  readonly detail: string;
}

/** Thrown at start when processes are defined wrongly; the message lists every fault of every process with its cure. */
export class InvalidProcessError extends Error {
  constructor(readonly faults: readonly DefinitionFault[]) {
    super(
      `The service cannot start, ${faults.length} fault(s) in process definitions:\n${faults.map(line).join('\n')}`,
    );
    this.name = 'InvalidProcessError';
  }
}

function line({ process, path, detail }: DefinitionFault): string {
  return `  - ${process}${path && `, ${path}`}: ${detail}`;
}

/** Collects the faults of one process while its definition is read. */
export class FaultCollector {
  private readonly collected: DefinitionFault[] = [];

  constructor(private readonly process: () => string) {}

  add(path: string, detail: string): void {
    this.collected.push({ process: this.process(), path, detail });
  }

  get faults(): readonly DefinitionFault[] {
    return this.collected;
  }
}
