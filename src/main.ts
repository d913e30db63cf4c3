import { launch, startApi, startWorker } from './start.js';

// ROLE=worker makes this entry point a worker, so that one container image serves every role.
await launch((settings) => (settings.ROLE === 'worker' ? startWorker(settings) : startApi(settings)));
