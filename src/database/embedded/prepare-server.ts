import { Cluster } from './cluster.js';
import { connectionTo, writeConnectionFile } from './connection-file.js';
import type { EmbeddedLayout } from './embedded-layout.js';
import { linkSharedLibraries, readMajorVersion, type PostgresBinaries } from './postgres-binaries.js';
import { chooseServerAccount, ensurePassage, makeServerDirectory } from './server-account.js';
import { clearRemains, type EmbeddedPostgresLogger, type LaunchPlan } from './server-launch.js';
import { prepareSocketDirectory } from './socket-directory.js';

/**
 * Brings a directory into a state from which the server can be launched: account, libraries, directories, a complete cluster of the
 * right version, a password, and nothing running. The caller holds the directory's lock.
 * @throws EmbeddedPostgresError when something stands against it
 */
export async function prepareServer(
  layout: EmbeddedLayout,
  binaries: PostgresBinaries,
  logger: EmbeddedPostgresLogger,
): Promise<LaunchPlan> {
  const account = await chooseServerAccount(layout);
  await ensurePassage(layout.root, account);
  await linkSharedLibraries(binaries);
  const majorVersion = await readMajorVersion(binaries, account);
  await makeServerDirectory(layout.log, account);
  const socketDirectory = await prepareSocketDirectory(layout, account);

  const cluster = new Cluster(layout, binaries, account);
  if (await cluster.exists()) {
    await cluster.assertUsable(majorVersion);
  } else {
    logger.info(`Making a PostgreSQL ${majorVersion} database in ${layout.root}, run by ${account.name}.`);
    await cluster.create();
  }

  const clusterName = await cluster.name();
  await clearRemains({ layout, account, socketDirectory, clusterName, logger });
  const connection = connectionTo(socketDirectory, await cluster.password());
  await writeConnectionFile(layout, socketDirectory);
  return { layout, binaries, account, clusterName, socketDirectory, connection, logger };
}
