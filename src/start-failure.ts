import { InvalidBlockError } from './blocks/definition/invalid-block.error.js';
import { BlocksFileError } from './blocks/file/blocks-file.error.js';
import { InvalidSettingsError } from './config/settings.js';
import { EmbeddedPostgresError } from './database/embedded/embedded-postgres-error.js';
import { DatabaseUnreachableError } from './database/migrate.js';
import { ExecutorStartError } from './engine/executor-process.js';
import { UnexecutableProcessError } from './engine/executable-processes.js';
import { redactText } from './observability/logging/redact.js';
import { InvalidProcessError } from './processes/definition/invalid-process.error.js';
import { ProcessModuleError } from './processes/process-module.loader.js';

/** Errors whose message says what is wrong and what to do about it, to the person who starts the service. */
const SELF_EXPLAINING = [
  InvalidSettingsError,
  EmbeddedPostgresError,
  DatabaseUnreachableError,
  InvalidProcessError,
  InvalidBlockError,
  BlocksFileError,
  ProcessModuleError,
  UnexecutableProcessError,
  ExecutorStartError,
];

/**
 * What to tell the person whose start failed: the message alone. A stack is of use to programmers only.
 * @param isDebugging whether stacks are wanted as well (LOG_LEVEL=debug)
 */
export function startFailure(error: unknown, isDebugging = false): string {
  if (!(error instanceof Error)) return redactText(String(error));
  const explains = SELF_EXPLAINING.some((type) => error instanceof type);
  const message = explains ? error.message : `The service cannot start: ${withReasons(error)}`;
  const stack = isDebugging ? error.stack : explains ? undefined : 'LOG_LEVEL=debug shows where this happened.';
  return redactText([message, stack].filter(Boolean).join('\n'));
}

/** Some errors say the essence in their cause, or in the several errors that they stand for (a refused connection). */
function withReasons(error: Error): string {
  const parts = [error.cause, ...(error instanceof AggregateError ? error.errors : [])];
  const reasons = parts.flatMap((part) => (part instanceof Error ? [part.message] : []));
  return [error.message || error.name, ...new Set(reasons)].join(': ');
}
