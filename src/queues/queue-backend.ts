import { type BackendFactory, getDefaultBackendFactory, setDefaultBackendFactory } from 'bullmq';
import pg from 'pg';
import { createLastingBackend } from './postgres-backend.js';

let installed = false;

/**
 * Makes BullMQ choose its backend by the connection an object is given: a `pg.Pool` means PostgreSQL, anything else
 * what was the default before. `@nestjs/bullmq` cannot be told a backend per queue, and an application that embeds
 * Sluice may have Redis queues of its own, so the choice must not be made for the whole process.
 */
export function chooseBackendByConnection(): void {
  if (installed) return;
  installed = true;
  const otherwise = getDefaultBackendFactory();
  const choose: BackendFactory = (name, options, backendOptions) =>
    ((options.connection as unknown) instanceof pg.Pool ? createLastingBackend : otherwise)(
      name,
      options,
      backendOptions,
    );
  setDefaultBackendFactory(choose);
}
