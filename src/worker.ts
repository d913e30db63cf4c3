import { launch, startWorker } from './start.js';

await launch(startWorker, { ROLE: 'worker' });
