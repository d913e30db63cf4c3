import type { StorageTraits } from './storage-contract.js';
import { S3rver } from './s3rver.js';
import { hasSwift, Swift } from './swift.js';

/** An S3 server of a test's own, with one bucket. */
export interface S3Server {
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  stop(): Promise<void>;
}

/** What is known of a server before it is started. */
export interface TestedS3Server {
  readonly name: string;
  /** It checks signatures. */
  readonly authenticates: boolean;
  readonly traits: StorageTraits;
  start(bucket: string): Promise<S3Server>;
}

const s3rver: TestedS3Server = {
  name: 's3rver',
  authenticates: false,
  traits: { createsRace: true, listsUnordered: true, misreadsRanges: true, showsWriting: true },
  start: (bucket) => S3rver.start(bucket),
};

const swift: TestedS3Server = {
  name: 'OpenStack Swift',
  authenticates: true,
  traits: { createsRace: true },
  start: (bucket) => Swift.start(bucket),
};

/**
 * The S3 servers to test on. In CI both are required; elsewhere a machine without Swift tests with s3rver alone and says
 * so.
 */
export function testedS3Servers(): TestedS3Server[] {
  if (hasSwift()) return [s3rver, swift];
  if (process.env.CI) throw new Error('OpenStack Swift is not installed; in CI the suite runs on it too');
  process.stderr.write('SKIPPED on OpenStack Swift: it is not installed (Debian packages: see .ci/run)\n');
  return [s3rver];
}
