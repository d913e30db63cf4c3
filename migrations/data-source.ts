import { createDataSource } from '../src/database/data-source.js';
import { DATABASE_CONTENTS } from '../src/database-contents.js';

/**
 * What TypeORM's own commands work on (`npm run migration:generate`, `npm run migration:check`): the database that
 * DATABASE_URL names.
 */
export default createDataSource({ connectionString: process.env.DATABASE_URL }, DATABASE_CONTENTS, 2);
