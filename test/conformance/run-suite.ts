import { NotTestable } from './not-testable.js';
import { type Requirement, uriOf } from './requirement.js';
import type { ServerUnderTest } from './server-under-test.js';

export type Verdict = 'passed' | 'failed' | 'skipped';

export interface Finding {
  readonly uri: string;
  readonly verdict: Verdict;
  /** Why it failed or was skipped. */
  readonly reason?: string;
}

/** Checks one requirement; never rejects. */
export async function judge(server: ServerUnderTest, requirement: Requirement): Promise<Finding> {
  const uri = uriOf(requirement);
  const before = server.exchanges.length;
  server.beginCheck();
  try {
    await requirement.check(server);
    return { uri, verdict: 'passed' };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof NotTestable) return { uri, verdict: 'skipped', reason };
    const excuse = server.excuse(before);
    return excuse === undefined ? { uri, verdict: 'failed', reason } : { uri, verdict: 'skipped', reason: excuse };
  }
}
