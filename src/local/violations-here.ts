import { jsonPointer } from '../ogc/json-pointer.js';
import type { Violation } from '../ogc/problems/domain-error.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import { inputsWithBlocks } from '../processes/schema/block-input.js';

const DETAIL = 'Blocks are kept by a service, and a local run has none; give the value itself.';

/** What is wrong with resolved inputs in a run without a service, in which there are no blocks. Fills in defaults. */
export async function violationsHere(
  process: RegisteredProcess,
  inputs: Record<string, unknown>,
): Promise<readonly Violation[]> {
  const violations = await process.validateInputs(inputs);
  if (violations.length > 0) return violations;
  const ids = inputsWithBlocks(process.blockInputs, inputs);
  return ids.map((id) => ({ pointer: jsonPointer('inputs', id), detail: DETAIL }));
}
