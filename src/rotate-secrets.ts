import { BlockSecrets } from './blocks/block-secrets.js';
import { SecretKeys } from './blocks/secrets/secret-keys.js';
import { SecretRotation } from './blocks/secrets/secret-rotation.js';
import { BlockRows } from './blocks/store/block-rows.js';
import { Settings } from './config/settings.js';
import { createDataSource } from './database/data-source.js';
import { DatabaseServer } from './database/database-server.js';
import { Database } from './database/database.js';
import { EmbeddedPostgresError } from './database/embedded/embedded-postgres-error.js';
import { migrate } from './database/migrate.js';
import { DATABASE_CONTENTS } from './database-contents.js';
import type { ServiceLogger } from './observability/logging/service-logger.js';

/**
 * Encrypts the secrets of all blocks with the first of SECRET_KEYS and ends. Services may run meanwhile.
 * @throws Error when some cannot be decrypted; the others are done all the same
 */
export async function rotateSecrets(settings: Settings, logger: ServiceLogger): Promise<void> {
  const server = await openBesideService(settings);
  const dataSource = createDataSource(server.connection, DATABASE_CONTENTS, 2);
  try {
    await migrate(server.connection, dataSource);
    const secrets = new BlockSecrets(new SecretKeys(settings));
    const rotation = new SecretRotation(new BlockRows(new Database(dataSource)), secrets);
    const { rotated, current, unreadable } = await rotation.rotate();
    logger.log(`The secrets of ${rotated} block(s) were encrypted anew, ${current} needed nothing.`, 'Sluice');
    if (unreadable.length > 0) throw new Error(unreadable.join('\n'));
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
    await server.close();
  }
}

/** The embedded database of a service that runs is joined, as a worker does. */
async function openBesideService(settings: Settings): Promise<DatabaseServer> {
  try {
    return await DatabaseServer.open(settings);
  } catch (error) {
    if (!(error instanceof EmbeddedPostgresError)) throw error;
    return DatabaseServer.open(new Settings({ ...settings, ROLE: 'worker' })).catch(() => {
      throw error;
    });
  }
}
