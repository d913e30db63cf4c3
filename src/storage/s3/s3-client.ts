import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { silenceAwsVersionWarning } from '../../config/aws-environment.js';
import type { AddressPolicy } from '../../outgoing/address-policy.js';
import { guardedAgents } from '../../outgoing/guarded-agents.js';
import type { S3StorageOptions } from './s3-storage-options.js';
import { statusOf } from './s3-fault.js';

const CONNECT_TIMEOUT = 10_000;
const MAX_SOCKETS = 64;
const DEFAULT_REGION = 'us-east-1';

/** A client of an S3 service that connects to allowed addresses only. */
export function s3Client(options: S3StorageOptions, addresses: AddressPolicy): S3Client {
  silenceAwsVersionWarning();
  const agents = guardedAgents(addresses, MAX_SOCKETS);
  const client = new S3Client({
    ...(options.credentials && { credentials: { ...options.credentials } }),
    ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
    // Services of one's own have no regions, yet requests are signed for one.
    ...((options.region ?? options.endpoint) !== undefined && { region: options.region ?? DEFAULT_REGION }),
    forcePathStyle: options.forcePathStyle ?? options.endpoint !== undefined,
    maxAttempts: options.attempts ?? 3,
    // Checksums in trailers are more than many services understand.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: new NodeHttpHandler({
      connectionTimeout: CONNECT_TIMEOUT,
      socketTimeout: options.timeout ?? 60_000,
      httpAgent: agents.http,
      httpsAgent: agents.https,
    }),
  });
  dropUnknownConditions(client);
  return client;
}

/**
 * Some services answer `If-None-Match` of a PUT with 501 (Not Implemented), having stored nothing. They are asked again
 * without it; that nothing is there was looked up before.
 */
function dropUnknownConditions(client: S3Client): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      const name = Object.keys(headers).find((header) => header.toLowerCase() === 'if-none-match');
      if (name === undefined) return await next(args);
      try {
        return await next(args);
      } catch (error) {
        if (statusOf(error) !== 501) throw error;
        delete headers[name];
        return await next(args);
      }
    },
    { step: 'build', name: 'dropUnknownConditions' },
  );
}
