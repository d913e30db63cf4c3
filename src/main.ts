import { launch } from './launch.js';

// ROLE=worker makes this entry point a worker, so that one container image serves every role; and a worker loads no HTTP server.
await launch(async (settings, logger) => {
  if (settings.ROLE === 'worker') await (await import('./start-worker.js')).startWorker(settings, logger);
  else await (await import('./start-api.js')).startApi(settings, logger);
});
