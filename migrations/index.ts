import { Jobs1795201711766 } from './1795201711766-jobs.js';

/** All migrations in their order. A new one is added at the end. */
export const MIGRATIONS = [Jobs1795201711766];
