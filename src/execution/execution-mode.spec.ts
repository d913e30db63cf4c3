import { describe, expect, it } from '@jest/globals';
import { parsePrefer } from '../ogc/prefer.js';
import type { JobControlOption } from '../processes/process-description.js';
import { chooseMode } from './execution-mode.js';

const SYNC: JobControlOption[] = ['sync-execute', 'dismiss'];
const ASYNC: JobControlOption[] = ['async-execute', 'dismiss'];
const BOTH: JobControlOption[] = ['sync-execute', 'async-execute'];

describe(chooseMode.name, () => {
  it.each([
    ['sync only', SYNC, undefined, { mode: 'sync', applied: {} }],
    ['sync only', SYNC, 'respond-async', { mode: 'sync', applied: {} }],
    ['sync only', SYNC, 'wait=5', { mode: 'sync', applied: {} }],
    ['async only', ASYNC, undefined, { mode: 'async', applied: {} }],
    ['async only', ASYNC, 'respond-async', { mode: 'async', applied: {} }],
    ['async only', ASYNC, 'wait=5', { mode: 'async', applied: {} }],
    ['both', BOTH, undefined, { mode: 'sync', applied: {} }],
    ['both', BOTH, 'respond-async ', { mode: 'async', applied: {} }],
    ['both', BOTH, 'wait=5', { mode: 'sync', wait: 5, applied: { wait: 5 } }],
    ['both', BOTH, 'respond-async, wait=5', { mode: 'sync', wait: 5, applied: { wait: 5 } }],
    ['both', BOTH, 'wait=0', { mode: 'async', applied: { wait: 0 } }],
  ])('%s (%j), Prefer: %s -> %j (section 7.11.2.3)', (_, options, prefer, expected) => {
    expect(chooseMode(options, parsePrefer(prefer))).toEqual(expected);
  });
});
