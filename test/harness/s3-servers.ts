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
  start(bucket: string): Promise<S3Server>;
}

/**
 * The S3 servers to test on. In CI both are required; elsewhere a machine without Swift tests with s3rver alone and says
 * so.
 */
export function testedS3Servers(): TestedS3Server[] {
  const s3rver = { name: 's3rver', authenticates: false, start: (bucket: string) => S3rver.start(bucket) };
  const swift = { name: 'OpenStack Swift', authenticates: true, start: (bucket: string) => Swift.start(bucket) };
  if (hasSwift()) return [s3rver, swift];
  if (process.env.CI) throw new Error('OpenStack Swift is not installed; in CI the suite runs on it too');
  process.stderr.write('SKIPPED on OpenStack Swift: it is not installed (Debian packages: see .ci/run)\n');
  return [s3rver];
}
