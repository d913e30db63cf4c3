#!/usr/bin/env node
import { endOfParsing } from './cli/end-of-parsing.js';
import { createProgram } from './cli/program.js';

// "sluice logs ... | head": the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

await createProgram()
  .parseAsync()
  .catch((error: unknown) => endOfParsing(error, process.argv.slice(2)));
