import type { ProducedOutput } from '../../engine/execution-unit.js';

/** An output of a successful execution, under its id. */
export type ResultOutput = ProducedOutput & { readonly id: string };
