import type { Settings } from './config/settings.js';
import { foundationModules, type Modules } from './foundation-modules.js';
import { ProbesModule } from './observability/health/probes.module.js';
import { ConsumerModule } from './queues/queues.module.js';

/** What a worker without an API is made of. */
export async function workerModules(settings: Settings): Promise<Modules> {
  return [...(await foundationModules(settings)), ConsumerModule, ProbesModule];
}
