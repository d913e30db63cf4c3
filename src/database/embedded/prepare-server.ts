import { Cluster } from './cluster.js';
import { connectionTo, writeConnectionFile } from './connection-file.js';
import type { EmbeddedLayout } from './embedded-layout.js';
import { writeLocation } from './home-record.js';
import { readMajorVersion, type PostgresBinaries } from './postgres-binaries.js';
import { provideBinaries } from './program-copy.js';
import { assertPassage, chooseServerAccount, makeServerDirectory, openDataDirectory } from './server-account.js';
import { clearRemains, type EmbeddedPostgresLogger, type LaunchPlan } from './server-launch.js';
import { prepareSocketDirectory } from './socket-directory.js';

/**
 * Brings a directory into a state from which the server can be launched: account, libraries, directories, a complete
 * cluster of the right version, a password, and nothing running. The caller holds the locks of the directory and of the
 * cluster's home.
 * @param installed the programs of the installation
 * @param systemDirectory where a copy of them goes when the account cannot reach them
 * @throws EmbeddedPostgresError when something stands against it
 */
export async function prepareServer(
  layout: EmbeddedLayout,
  installed: PostgresBinaries,
  systemDirectory: string,
  logger: EmbeddedPostgresLogger,
): Promise<LaunchPlan> {
  const account = await chooseServerAccount(layout);
  if (layout.home === layout.root) await openDataDirectory(layout.root, account);
  await assertPassage(layout.home, account);
  const binaries = await provideBinaries(installed, { account, systemDirectory, logger });
  const majorVersion = await readMajorVersion(binaries, account);
  await makeServerDirectory(layout.log, account);
  const socketDirectory = await prepareSocketDirectory(layout, account);

  const cluster = new Cluster(layout, binaries, account);
  if (await cluster.exists()) {
    await cluster.assertUsable(majorVersion);
  } else {
    logger.info(`Making a PostgreSQL ${majorVersion} database in ${layout.home}, run by ${account.name}.`);
    await cluster.create();
  }
  if (layout.home !== layout.root) await writeLocation(layout.root, layout.home);

  const clusterName = await cluster.name();
  await clearRemains({ layout, account, socketDirectory, clusterName, logger });
  const connection = connectionTo(socketDirectory, await cluster.password());
  await writeConnectionFile(layout, socketDirectory);
  return { layout, binaries, account, clusterName, socketDirectory, connection, logger };
}
