import { isAbsolute } from 'node:path';
import { isStorableText } from '../database/storable-text.js';
import { isJsonObject } from '../ogc/json-object.js';
import { isMediaType } from '../ogc/media-type.js';
import type { LogLevel } from '../processes/job-context.js';
import type { ExecutorMessage } from './executor-messages.js';
import type { HandlerOutcome } from './run-handler.js';
import { isDuration, isStepAsk } from './step-ask-check.js';
import { isStorageAsk } from './storage-ask-check.js';
import { isTaskGraph } from './task-graph-check.js';

type Check = (value: unknown) => boolean;

const LEVELS: Record<LogLevel, true> = { debug: true, info: true, warn: true, error: true };
/** What a handler's own fault can be; everything else is said by the service, not by an executor. */
const FAULT_CODES = new Set<unknown>([
  'process-failed',
  'process-rejected',
  'invalid-output',
  'non-determinism',
  'storage-unavailable',
]);
const SHA256 = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

const isText: Check = (value) => typeof value === 'string' && isStorableText(value);
const optional = (value: unknown, check: Check) => value === undefined || check(value);
const all = (value: unknown, check: Check) => Array.isArray(value) && value.every(check);

const isTime: Check = (time) => typeof time === 'string' && TIME.test(time) && !Number.isNaN(Date.parse(time));
const isLine: Check = (line) =>
  isJsonObject(line) &&
  typeof line.level === 'string' &&
  Object.hasOwn(LEVELS, line.level) &&
  isText(line.message) &&
  isTime(line.time) &&
  optional(line.data, isJsonObject);

const isPercent: Check = (percent) =>
  Number.isInteger(percent) && (percent as number) >= 0 && (percent as number) <= 100;
const isProgress: Check = (progress) =>
  isJsonObject(progress) && isPercent(progress.percent) && optional(progress.message, isText);

const isNews: Check = (news) =>
  isJsonObject(news) && optional(news.lines, (lines) => all(lines, isLine)) && optional(news.progress, isProgress);

const isViolation: Check = (error) => isJsonObject(error) && isText(error.pointer) && isText(error.detail);
const isFault: Check = (fault) =>
  isJsonObject(fault) &&
  FAULT_CODES.has(fault.code) &&
  isText(fault.detail) &&
  optional(fault.errors, (errors) => all(errors, isViolation));

const isFile = ({ path, size, sha256 }: Record<string, unknown>) =>
  typeof path === 'string' &&
  isStorableText(path) &&
  isAbsolute(path) &&
  Number.isSafeInteger(size) &&
  (size as number) >= 0 &&
  typeof sha256 === 'string' &&
  SHA256.test(sha256);
const isOutput: Check = (output) =>
  isJsonObject(output) &&
  isMediaType(output.mediaType) &&
  ((output.kind === 'value' && output.value !== undefined) || (output.kind === 'file' && isFile(output)));
const isOutputs: Check = (outputs) =>
  isJsonObject(outputs) && Object.entries(outputs).every(([id, output]) => isText(id) && isOutput(output));

const isRetry: Check = (retry) => isJsonObject(retry) && isDuration(retry.delay);
const OUTCOMES: Record<HandlerOutcome['kind'], (outcome: Record<string, unknown>) => boolean> = {
  succeeded: ({ outputs }) => isOutputs(outputs),
  failed: ({ fault, retry }) => isFault(fault) && optional(retry, isRetry),
  suspended: () => true,
};
const isOutcome: Check = (outcome) =>
  isJsonObject(outcome) &&
  typeof outcome.kind === 'string' &&
  Object.hasOwn(OUTCOMES, outcome.kind) &&
  OUTCOMES[outcome.kind as HandlerOutcome['kind']](outcome);

const isRun: Check = (run) => Number.isSafeInteger(run);
const isAsk: Check = (ask) => Number.isSafeInteger(ask) && (ask as number) > 0;
const isBoolean: Check = (value) => typeof value === 'boolean';
const isExecutable: Check = (item) =>
  isJsonObject(item) && typeof item.id === 'string' && typeof item.version === 'string';

const CHECKS: Record<ExecutorMessage['type'], (message: Record<string, unknown>) => boolean> = {
  ready: ({ processes }) => all(processes, isExecutable),
  'start-failed': ({ detail }) => typeof detail === 'string',
  news: ({ run, news }) => isRun(run) && isNews(news),
  ask: (message) => isRun(message.run) && isAsk(message.ask) && isNews(message.news) && isStepAsk(message),
  storage: (message) => isRun(message.run) && isAsk(message.ask) && isNews(message.news) && isStorageAsk(message),
  result: ({ run, news, outcome, hooks }) =>
    isRun(run) && isNews(news) && isOutcome(outcome) && optional(hooks, isBoolean),
  hooked: ({ run, news }) => isRun(run) && isNews(news),
  traced: ({ run, graph }) => isRun(run) && isTaskGraph(graph),
  fatal: ({ run, news, detail }) => optional(run, isRun) && optional(news, isNews) && typeof detail === 'string',
};

/** Whether a message bears a name of ours. User code may send its own messages, which mean nothing here. */
export function isNamedAsOurs(message: unknown): message is { type: ExecutorMessage['type'] } {
  return isJsonObject(message) && typeof message.type === 'string' && Object.hasOwn(CHECKS, message.type);
}

/** Whether a message has the full shape of ours, so that what follows may rely on it: user code may send anything. */
export function isExecutorMessage(message: unknown): message is ExecutorMessage {
  return isNamedAsOurs(message) && CHECKS[message.type](message);
}
