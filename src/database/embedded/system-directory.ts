import { chmod, mkdir, stat } from 'node:fs/promises';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';
import { mayEnter, type ServerAccount } from './server-account.js';

/**
 * Makes the directory for what PostgreSQL's account cannot reach elsewhere, or checks the one that is there. It is this
 * service's own, so it may be opened for passing; programs are run from it, so nobody else may write there.
 * @throws the system error, or an EmbeddedPostgresError, when it cannot be used
 */
export async function prepareSystemDirectory(path: string, account: ServerAccount): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 });
  const { uid, mode } = await stat(path);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) {
    throw new EmbeddedPostgresError(`others than the user of this process may write to ${path}`);
  }
  if (await mayEnter(path, account)) return;
  await chmod(path, (mode & 0o7777) | 0o011);
  if (!(await mayEnter(path, account))) throw new EmbeddedPostgresError(`${account.name} may not enter ${path}`);
}
