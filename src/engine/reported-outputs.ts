import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Violation } from '../ogc/problems/domain-error.js';
import type { OutputDescription } from '../processes/process-description.js';
import { pointerPart } from '../ogc/json-pointer.js';
import type { ProducedOutput } from './execution-unit.js';
import { outputFileName } from './output-file.js';

type FileOutput = Extract<ProducedOutput, { kind: 'file' }>;

/**
 * Checks what an executor says it produced. User code shares the executor's channel and may have sent the result
 * itself, and what a result names is later read and sent to clients: only declared outputs count, and a file only where
 * this output of this execution is written, as a regular file of the size that was told, behind no symbolic link.
 *
 * The digest is believed: to check it, every byte would be read once more. It is no more than the entity tag of this one
 * result, whose bytes the same code chose; a wrong one can mislead only those who read that result again.
 *
 * @param directory of the execution, absolute
 */
export async function violationsOfReport(
  outputs: Readonly<Record<string, ProducedOutput>>,
  declared: Readonly<Record<string, OutputDescription>>,
  directory: string,
): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const [id, output] of Object.entries(outputs)) {
    const pointer = `/outputs/${pointerPart(id)}`;
    if (!Object.hasOwn(declared, id)) {
      violations.push({ pointer, detail: 'is not an output of the process' });
    } else if (output.kind === 'file' && !(await isOwnFile(output, id, directory))) {
      violations.push({ pointer, detail: 'names a file that this execution did not write' });
    }
  }
  return violations;
}

async function isOwnFile({ path, size }: FileOutput, id: string, directory: string): Promise<boolean> {
  const place = ['outputs', outputFileName(id)];
  if (path !== join(directory, ...place)) return false;
  try {
    // The way to the directory may lead over links that the operator made, what lies in it may not.
    const real = join(await realpath(dirname(directory)), basename(directory), ...place);
    if ((await realpath(path)) !== real) return false;
    const facts = await lstat(real);
    return facts.isFile() && facts.size === size;
  } catch {
    return false;
  }
}
