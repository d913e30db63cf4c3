import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FlowSession } from '../../src/flows/flow-session.js';
import { MemoryJournal } from '../../src/flows/memory-journal.js';
import type { JobContext, JobStorage, LogLevel, PlainContext } from '../../src/processes/job-context.js';
import type { RegisteredProcess } from '../../src/processes/registered-process.js';

/** A JobContext for calling a process without an engine; it remembers what the process reported. */
export interface RecordingJobContext extends JobContext {
  readonly reported: {
    readonly progress: { percent: number; message?: string }[];
    readonly logs: { level: LogLevel; message: string; data?: Record<string, unknown> }[];
    /** Outputs written as files, by output id. */
    readonly files: Map<string, { path: string; mediaType?: string }>;
  };
}

/**
 * @param directory where the work directory is made; outputs stay where the process put them
 * @param storage of the job; without it there is none
 */
export function recordingJobContext(
  directory: string,
  signal: AbortSignal = new AbortController().signal,
  onProgress: (percent: number) => void = () => undefined,
  storage?: JobStorage,
): RecordingJobContext {
  const reported: RecordingJobContext['reported'] = { progress: [], logs: [], files: new Map() };
  const log = (level: LogLevel) => (message: string, data?: Record<string, unknown>) => {
    reported.logs.push({ level, message, data });
  };
  const baseContext: PlainContext = {
    jobId: '00000000-0000-4000-8000-000000000000',
    signal,
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    outputs: {
      write: () => Promise.reject(new Error('This context takes finished files only.')),
      file: (id, path, options) => {
        reported.files.set(id, { path, mediaType: options?.mediaType });
        return Promise.resolve();
      },
    },
    async workDirectory() {
      const path = join(directory, 'work');
      await mkdir(path, { recursive: true });
      return path;
    },
    get storage(): JobStorage {
      if (storage === undefined) throw new Error('This context has no storages.');
      return storage;
    },
    storageOf: () => {
      throw new Error('This context has no storages.');
    },
    progress(percent, message) {
      reported.progress.push({ percent, message });
      onProgress(percent);
    },
  };
  const process = { description: { id: 'recorded', version: '1.0.0' }, handler: {} } as RegisteredProcess;
  const { context } = new FlowSession({ jobId: baseContext.jobId, process, journal: new MemoryJournal(), baseContext });
  return Object.assign(context, { reported });
}
