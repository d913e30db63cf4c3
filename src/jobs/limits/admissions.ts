import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { canonicalDigest } from '../../processes/canonical-digest.js';
import { renderTemplate, templateInputs } from '../../processes/definition/input-template.js';
import { InputFile } from '../../processes/input-file.js';
import type { RegisteredProcess } from '../../processes/registered-process.js';
import type { JobAdmission, RequestedOutput } from '../job.types.js';
import { processLimitKey, resultKey } from './limit-keys.js';

type AdmittedProcess = Pick<RegisteredProcess, 'description' | 'policy'>;

/** What an execution is asked for with. */
export interface AskedExecution {
  /** Validated values by input id, with defaults. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** From {@link identityOf}; needed where results are kept. */
  readonly identity?: unknown;
  /** Absent: all. */
  readonly outputs?: readonly RequestedOutput[];
  /** Whether earlier results must not be used. */
  readonly refresh?: boolean;
}

/**
 * What tells executions of a process apart: the inputs as they were sent, with what references led to, and files by
 * their content. To be asked for before defaults are filled in.
 * @returns a JSON value; nothing where no results are kept, or where other things tell executions apart
 */
export async function identityOf(
  { policy }: AdmittedProcess,
  inputs: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  if (policy.cache === undefined || policy.cache.key !== undefined) return undefined;
  const members = Object.entries(inputs).map(async ([id, value]) => {
    const occurrences = Array.isArray(value) ? Promise.all(value.map(withoutFile)) : withoutFile(value);
    return [id, await occurrences] as const;
  });
  return Object.fromEntries(await Promise.all(members));
}

/** What has to be asked for before a job of a process may run; nothing: it runs at once. */
export function admissionOf(process: AdmittedProcess, asked: AskedExecution): JobAdmission | undefined {
  const { cache, concurrency } = process.policy;
  if (cache === undefined && concurrency === undefined) return undefined;
  const { id, version } = process.description;
  const { inputs, identity, outputs, refresh } = asked;
  const group = concurrency?.key === undefined ? '' : renderTemplate(concurrency.key, inputs);
  return {
    ...(cache && {
      cache: {
        key: resultKey(
          id,
          canonicalDigest({
            version,
            // A list, so that no two places of the template can pass for each other.
            inputs:
              cache.key === undefined ? identity : templateInputs(cache.key).map((input) => inputs[input] ?? null),
            outputs: outputs === undefined ? null : [...new Set(outputs.map((output) => output.id))].sort(),
          }),
        ),
        ...(cache.ttl !== undefined && { ttl: cache.ttl }),
        ...((cache.refresh || refresh) && { refresh: true }),
      },
    }),
    ...(concurrency && {
      concurrency: { key: processLimitKey(id, group), limit: concurrency.limit, onLimit: concurrency.onLimit },
    }),
  };
}

async function withoutFile(value: unknown): Promise<unknown> {
  if (!(value instanceof InputFile)) return value;
  const hash = createHash('sha256');
  await pipeline(value.stream(), hash);
  return { $file: hash.digest('hex'), mediaType: value.mediaType };
}
