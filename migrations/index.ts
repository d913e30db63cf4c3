import { Jobs1795201711766 } from './1795201711766-jobs.js';
import { Idempotency1795203761958 } from './1795203761958-idempotency.js';
import { JobListAndCallbacks1795204957120 } from './1795204957120-job-list-and-callbacks.js';

/** All migrations in their order. A new one is added at the end. */
export const MIGRATIONS = [Jobs1795201711766, Idempotency1795203761958, JobListAndCallbacks1795204957120];
