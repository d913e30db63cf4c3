import { stat } from 'node:fs/promises';
import { systemCode } from './embedded-postgres-error.js';

/** Whether there is something at a path. Rejects where that cannot be told, for instance without permission to look. */
export function pathExists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (systemCode(error) === 'ENOENT') return false;
      throw error;
    },
  );
}
