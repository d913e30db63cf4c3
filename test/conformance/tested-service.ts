import { resolve } from 'node:path';
import { Service } from '../harness/service.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

/** The published processes that have what the catalog lacks: one mode only, repeatable inputs, failures on demand. */
const FIXTURES = ['probe-processes.mjs', 'feature-processes.mjs'].map((file) => resolve('test/fixtures', file));

/** Starts the built service for the suite. It must be stopped; that removes what it stored. */
export async function startTestedService(
  settings: Record<string, string> = {},
): Promise<{ url: string; service: Service; stop(): Promise<void> }> {
  const directory = temporaryDirectory('conformance');
  const service = await Service.start({
    DATA_DIR: directory.path,
    PROCESS_MODULES: FIXTURES.join(','),
    // The outpost that offers inputs and receives callbacks is on this machine.
    ALLOW_PRIVATE_REFERENCES: 'true',
    EXECUTOR_WARM: '0',
    ...settings,
  });
  const stop = async () => {
    await service.stop();
    directory.remove();
  };
  return { url: service.url(), service, stop };
}
