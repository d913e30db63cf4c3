import { launch } from './launch.js';
import { startWorker } from './start-worker.js';

await launch(startWorker, { ROLE: 'worker' });
