import { beforeEach, describe, expect, it } from '@jest/globals';
import type { LogLine } from '../engine/execution-unit.js';
import type { JobJournal } from '../jobs/store/job-journal.js';
import type { HeldLease } from '../jobs/store/job-leases.js';
import { JournalWriter } from './journal-writer.js';

const HELD = { id: 'd9f2b6a4-5c57-4a3e-9b0e-0f4a2f1d7c11', epoch: 2 };
const line = (message: string): LogLine => ({ level: 'info', message, time: '2026-01-02T03:04:05.678Z' });
const away = () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

/** What would reach the database, in its order; fails as the script says. */
class RecordingJournal {
  readonly writes: (readonly string[] | { readonly percent: number; readonly message?: string })[] = [];
  readonly epochs = new Set<number>();
  failures: Error[] = [];

  log(held: HeldLease, lines: readonly LogLine[]): Promise<void> {
    return this.write(held, () => this.writes.push(lines.map(({ message }) => message)));
  }

  progress(held: HeldLease, percent: number, message?: string): Promise<void> {
    return this.write(held, () => this.writes.push({ percent, message }));
  }

  get lines(): string[] {
    return this.writes.flatMap((write) => (Array.isArray(write) ? (write as string[]) : []));
  }

  private write(held: HeldLease, note: () => void): Promise<void> {
    this.epochs.add(held.epoch);
    const failure = this.failures.shift();
    if (failure !== undefined) return Promise.reject(failure);
    note();
    return Promise.resolve();
  }
}

let journal: RecordingJournal;
let stop: AbortController;
let writer: JournalWriter;

beforeEach(() => {
  journal = new RecordingJournal();
  stop = new AbortController();
  writer = new JournalWriter(journal as unknown as JobJournal, { ...HELD, signal: stop.signal });
});

describe('JournalWriter', () => {
  it('writes every line, in order, in batches, under its epoch', async () => {
    const lines = Array.from({ length: 1_234 }, (_, n) => String(n));
    for (const message of lines) writer.log(line(message));
    await writer.flush();
    expect(journal.lines).toEqual(lines);
    expect(journal.writes.length).toBeLessThan(20);
    expect([...journal.epochs]).toEqual([HELD.epoch]);
  });

  it('has written everything when close resolves, and nothing when there was nothing', async () => {
    await writer.flush();
    expect(journal.writes).toEqual([]);
  });

  it('has written the lines before it when asked for them, in one write for all who ask, without the progress', async () => {
    await writer.flushLines();
    expect(journal.writes).toEqual([]);
    const asked = ['a', 'b', 'c'].map((message, n) => {
      writer.log(line(message));
      writer.progress(n * 10);
      return writer.flushLines();
    });
    await Promise.all(asked);
    expect(journal.writes).toEqual([['a', 'b', 'c']]);
    await writer.flush();
    expect(journal.writes).toEqual([['a', 'b', 'c'], { percent: 20, message: undefined }]);
  });

  it('writes of progress only the latest, rounded, after the lines before it', async () => {
    writer.progress(10, 'reading');
    writer.log(line('a'));
    writer.progress(33.4);
    await writer.flush();
    expect(journal.writes).toEqual([['a'], { percent: 33, message: 'reading' }]);
  });

  it('repeats what could not be written while the database was away, once and in order', async () => {
    journal.failures = [away(), away()];
    for (const message of ['a', 'b']) writer.log(line(message));
    writer.progress(50);
    await writer.flush();
    expect(journal.writes).toEqual([['a', 'b'], { percent: 50, message: undefined }]);
  });

  it('gives up when the job has to stop while the database is away', async () => {
    journal.failures = Array.from({ length: 100 }, away);
    writer.log(line('a'));
    const closed = writer.flush();
    stop.abort();
    await closed;
    expect(journal.lines).toEqual([]);
  });

  it('goes on with later lines when some could not be stored', async () => {
    journal.failures = [Object.assign(new Error('value too long'), { code: '22001' })];
    writer.log(line('lost'));
    for (let n = 1; n < 100; n += 1) writer.log(line('lost'));
    writer.log(line('kept'));
    await writer.flush();
    expect(journal.lines).toEqual(['kept']);
  });

  it('counts what a job logs faster than it can be stored, and says so in the log', async () => {
    for (let n = 0; n < 20_003; n += 1) writer.log(line('x'));
    await writer.flush();
    expect(journal.lines).toHaveLength(20_001);
    expect(journal.lines.at(-1)).toMatch(/^3 lines were dropped/);
  });

  it('says how many were dropped while it wrote, also when the job is silent from then on', async () => {
    let written!: () => void;
    const allSaid = new Promise<void>((resolve) => (written = resolve));
    const held = new Promise<void>((resolve) => setImmediate(resolve));
    const log = journal.log.bind(journal);
    journal.log = async (...args) => {
      await held;
      await log(...args);
      if (args[1].some(({ level }) => level === 'warn')) written();
    };
    // The first hundred are on their way when the rest comes.
    for (let n = 0; n < 100; n += 1) writer.log(line('x'));
    await Promise.resolve();
    for (let n = 0; n < 20_003; n += 1) writer.log(line('x'));
    await allSaid;
    expect(journal.lines.filter((message) => message === 'x')).toHaveLength(20_100);
    expect(journal.lines.at(-1)).toMatch(/^3 lines were dropped/);
    await writer.flush();
  });
});
