// Prints the spec files that failed, from results of `jest --json`, one a line and relative to the working directory.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const { testResults } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
for (const { name, status } of testResults) if (status === 'failed') console.log(relative('.', name));
