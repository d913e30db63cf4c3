import fc from 'fast-check';
import { Seed } from './seed.js';

// Every property of every spec draws from FAULT_SEED when there is one: what one run found, the next finds too.
const given = process.env.FAULT_SEED;
if (given !== undefined) fc.configureGlobal({ seed: Seed.of(given).value });
