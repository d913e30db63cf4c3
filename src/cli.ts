#!/usr/bin/env node
import { createProgram } from './cli/program.js';

// "sluice logs ... | head": the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

await createProgram().parseAsync();
