import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, normalize, sep } from 'node:path';

/** What the service keeps for itself in DATA_DIR. */
const OWN = ['postgres', 'jobs', 'incoming', 'uploads', 'storage-cache', 'secret.key'];

/** Directories of the kernel: they lead anywhere (`/proc/self/root`), to devices, and to what processes hold in memory. */
const KERNEL = ['/proc', '/sys', '/dev'];

/**
 * Whether a directory holds, or lies in, what the service or the machine keeps for itself; symbolic links on the way do
 * not hide it. True as well when the way cannot be followed to its end.
 * @param path absolute; need not exist
 * @param dataDirectory absolute path of DATA_DIR
 */
export function isReservedDirectory(path: string, dataDirectory: string): boolean {
  const real = realPath(path);
  const data = realPath(dataDirectory);
  if (real === undefined || data === undefined) return true;
  if (KERNEL.some((directory) => isWithin(path, directory) || isWithin(real, directory))) return true;
  if (isWithin(data, real)) return true;
  return OWN.some((name) => {
    const own = realPath(join(dataDirectory, name));
    return isWithin(real, join(data, name)) || (own !== undefined && (isWithin(real, own) || isWithin(own, real)));
  });
}

/** Whether a base path, absolute or below DATA_DIR, is reserved wherever DATA_DIR is. */
export function isReservedEverywhere(basepath: string): boolean {
  const path = normalize(basepath);
  if (isAbsolute(path)) return path === sep || KERNEL.some((directory) => isWithin(path, directory));
  const [first] = path.split(sep);
  return first === '.' || OWN.includes(first);
}

/** Whether a path below DATA_DIR leads out of it. */
export function leadsOut(basepath: string): boolean {
  return !isAbsolute(basepath) && normalize(basepath).split(sep)[0] === '..';
}

/** The path without symbolic links; what does not exist yet has none. Undefined when it cannot be told. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (!isAbsent || lstatSync(path, { throwIfNoEntry: false }) !== undefined) return undefined;
  }
  const parent = realPath(dirname(path));
  return parent === undefined ? undefined : join(parent, basename(path));
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}
