import type { DefinitionFault } from '../../processes/definition/invalid-process.error.js';

/** Thrown at start when types of blocks are defined wrongly; the message lists every fault with its cure. */
export class InvalidBlockError extends Error {
  constructor(readonly faults: readonly DefinitionFault[]) {
    const lines = faults.map(({ process: type, path, detail }) => `  - ${type}${path && `, ${path}`}: ${detail}`);
    super(`The service cannot start, ${faults.length} fault(s) in types of blocks:\n${lines.join('\n')}`);
    this.name = 'InvalidBlockError';
  }
}
