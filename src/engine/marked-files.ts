import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import type { RemoteArguments } from '../flows/step-journal.js';
import { InputFile } from '../processes/input-file.js';
import type { ExecutionUnit } from './execution-unit.js';

/** What tells the files of a job from those of others. */
export type FileOwner = Pick<ExecutionUnit, 'jobId' | 'directory' | 'inputs'>;

/**
 * A file that a task is called with and that is none of the job's: neither one of the inputs of this execution, nor in
 * the directory of the job, symbolic links followed. Another worker opens what is named here, on a machine where the
 * path may lead to something else.
 * @returns its path; undefined when every file is the job's own
 */
export async function foreignFile({ marks = [] }: RemoteArguments, owner: FileOwner): Promise<string | undefined> {
  const paths = new Set(marks.flatMap((mark) => (mark.is === 'file' ? [mark.path] : [])));
  for (const path of paths) if (!isInput(path, owner) && !(await liesIn(jobDirectory(owner), path))) return path;
  return undefined;
}

function isInput(path: string, { inputs }: FileOwner): boolean {
  return Object.values(inputs).some((value) =>
    [value].flat().some((item) => item instanceof InputFile && item.path === path),
  );
}

/** The directories of attempts and of tasks lie in the one of their job, which bears its id. */
function jobDirectory({ jobId, directory }: FileOwner): string {
  const name = `${sep}${jobId}${sep}`;
  const at = directory.lastIndexOf(name);
  return at < 0 ? directory : directory.slice(0, at + name.length - 1);
}

async function liesIn(directory: string, path: string): Promise<boolean> {
  try {
    return (await realpath(path)).startsWith(`${await realpath(directory)}${sep}`);
  } catch {
    return false;
  }
}
