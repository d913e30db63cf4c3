import { MEMORY_NOTICE } from './executor-watchdog.js';
import { formatBytes } from './quantities.js';

/** What is known of an executor that ended by itself. */
export interface ExecutorEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** the last of its standard error */
  readonly stderr: string;
  /** what it said before it went, if user code threw out of reach */
  readonly fatal?: string;
  /** bytes, EXECUTOR_MEMORY */
  readonly memory: number;
}

const HEAP_EXHAUSTED = /^FATAL ERROR: .*(?:heap|allocation|out of memory)/im;
const NATIVE_CRASHES = new Set<NodeJS.Signals>(['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP']);

/** Says in one clause why an executor died. */
export function describeEnd({ code, signal, stderr, fatal, memory }: ExecutorEnd): string {
  if (fatal !== undefined) return fatal;
  if (stderr.includes(MEMORY_NOTICE) || HEAP_EXHAUSTED.test(stderr)) {
    return `out of memory: limit ${formatBytes(memory)} (EXECUTOR_MEMORY)`;
  }
  if (signal === null) return `the process called process.exit(${code})`;
  if (NATIVE_CRASHES.has(signal)) return `native code crashed (${signal})`;
  return `killed by ${signal}`;
}
