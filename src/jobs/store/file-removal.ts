/**
 * A part of a `WITH` clause, named `r`: has everything removed that the jobs `j`, which are deleted, keep in storages.
 * Standing in the statement that deletes them, it loses nothing to an outage of the storage or a stop of the service. Of
 * a job whose files lie in DATA_DIR nothing is written. It needs the columns `id` and `storage`.
 */
export const REMOVE_FILES = `r AS (
     INSERT INTO storage_removal (storage, prefix)
     SELECT j.storage, 'jobs/' || j.id || '/' FROM j WHERE j.storage IS NOT NULL
   )`;

/** The same for jobs that stay: their inputs are kept, so that they can be repeated. */
export const REMOVE_RESULT_FILES = `r AS (
     INSERT INTO storage_removal (storage, prefix, keeping)
     SELECT j.storage, 'jobs/' || j.id || '/', 'jobs/' || j.id || '/inputs/' FROM j WHERE j.storage IS NOT NULL
   )`;
