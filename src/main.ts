import { launch, startApi, startWorker } from './start.js';

// ROLE=worker makes this entry point a worker, so that one container image serves every role.
await launch((settings, logger) => (settings.ROLE === 'worker' ? startWorker : startApi)(settings, logger));
