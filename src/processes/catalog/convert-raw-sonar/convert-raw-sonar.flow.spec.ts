import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { annotation, configuration, nmea, ping } from '../../../../test/harness/ek60-generator.js';
import { recordingJobContext, type RecordingJobContext } from '../../../../test/harness/recording-job-context.js';
import { memoryJobStorage } from '../../../../test/harness/storages.js';
import { FlowSession } from '../../../flows/flow-session.js';
import { MemoryJournal } from '../../../flows/memory-journal.js';
import type { StepEnd, StepReceipt, StepStart, StepVerdict } from '../../../flows/step-journal.js';
import { tasksOf } from '../../decorators/task.decorator.js';
import { taskDefinition } from '../../definition/step-definitions.js';
import { InputFile } from '../../input-file.js';
import type { JobStorage } from '../../job-context.js';
import type { RegisteredProcess } from '../../registered-process.js';
import { ConvertRawSonar } from './convert-raw-sonar.process.js';

const RECORDING = Buffer.concat([configuration([{}, {}]), nmea('$GPVTG,1'), ping(), annotation('note')]);

/** Ends the run before the task of this name, as often as it says. */
class InterruptingJournal extends MemoryJournal {
  constructor(
    private readonly task: string,
    private times: number,
  ) {
    super();
  }

  override async begin(start: StepStart): Promise<StepVerdict> {
    if (start.name === this.task && this.times-- > 0) return { do: 'suspend' };
    return await super.begin(start);
  }
}

/** Ends the run after the work of the task of this name, before its end is on record; once. */
class ForgettingJournal extends MemoryJournal {
  private key?: string;
  private forgot = false;

  constructor(private readonly task: string) {
    super();
  }

  override async begin(start: StepStart): Promise<StepVerdict> {
    if (start.name === this.task) this.key = start.key;
    return await super.begin(start);
  }

  override async end(end: StepEnd): Promise<StepReceipt> {
    if (end.key !== this.key || this.forgot) return await super.end(end);
    this.forgot = true;
    return { do: 'suspend' };
  }
}

let directory: string;
let rawFile: InputFile;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-sonar-flow-'));
  const path = join(directory, 'cruise.raw');
  await writeFile(path, RECORDING);
  rawFile = new InputFile(path, RECORDING.length, 'application/octet-stream');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('convert-raw-sonar as a flow', () => {
  const handler = new ConvertRawSonar();
  const tasks = tasksOf(ConvertRawSonar.prototype).map(taskDefinition);

  /** One run of the job, as an executor makes it. */
  async function run(
    journal: MemoryJournal,
    name: string,
    storage?: JobStorage,
    outputPath?: string,
  ): Promise<RecordingJobContext['reported'] & { end: unknown }> {
    const context = recordingJobContext(join(directory, name), undefined, undefined, storage);
    const session = new FlowSession({
      jobId: context.jobId,
      process: {
        description: { id: 'convert-raw-sonar', version: '1.0.0' },
        policy: { executor: 'local' },
        handler,
        tasks,
      } as unknown as RegisteredProcess,
      journal,
      baseContext: context,
    });
    const inputs = { rawFile, outputType: 'netcdf', overwrite: false, sonarModel: 'EK60', outputPath } as const;
    const end = await session.execute(() => handler.execute(inputs, session.context));
    return { ...context.reported, end };
  }

  it('has the two tasks of its description, whose lines of the log name them', async () => {
    expect(tasks.map(({ name }) => name)).toEqual(['open raw file', 'save converted file']);
    const { logs } = await run(new MemoryJournal(), 'whole');
    expect(logs.map(({ message, data }) => [data?.task, message])).toEqual([
      ['open raw file', 'Found 1 pings of 1 channels.'],
      ['open raw file', 'Left out 1 configured channels that recorded no ping.'],
      ['save converted file', 'Converted to cruise.nc.'],
    ]);
  });

  it('goes on after an interruption between the tasks without opening the file again, to the same result', async () => {
    const journal = new InterruptingJournal('save converted file', 2);
    expect(await run(journal, 'first')).toMatchObject({ end: { kind: 'suspended' }, logs: { length: 2 } });
    expect(await run(journal, 'second')).toMatchObject({ end: { kind: 'suspended' }, logs: [] });
    const { end, logs, files, progress } = await run(journal, 'third');
    expect(logs.map(({ data }) => data?.task)).toEqual(['save converted file']);
    expect(progress.map(({ message }) => message)).not.toContain('Checking the recording');
    expect([...files.keys()]).toEqual(['converted']);
    expect(end).toEqual((await run(new MemoryJournal(), 'at-once')).end);
  });

  it('whose file was stored when it was interrupted comes to the same result, and does not replace the file', async () => {
    const storage = memoryJobStorage();
    const journal = new ForgettingJournal('save converted file');
    const first = await run(journal, 'stored', storage, 'surveys/');
    expect(first).toMatchObject({ end: { kind: 'suspended' } });
    const { modified, size } = await storage.stat('surveys/cruise.nc');
    const { end, logs } = await run(journal, 'stored-again', storage, 'surveys/');
    expect(logs.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      expect.stringContaining('surveys/cruise.nc was written meanwhile'),
    ]);
    expect(await storage.stat('surveys/cruise.nc')).toMatchObject({ modified, size });
    expect(end).toEqual((await run(new MemoryJournal(), 'stored-at-once', memoryJobStorage(), 'surveys/')).end);
  });
});
