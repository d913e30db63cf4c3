import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { StateType } from '../job-state.js';
import { EventReader } from './event-reader.js';

/** A connection that takes so many messages before it is full. */
class Connection extends EventEmitter {
  readonly sent: string[] = [];
  ended = false;

  constructor(private room: number) {
    super();
  }

  write(text: string): boolean {
    this.sent.push(text);
    this.room -= 1;
    return this.room > 0;
  }

  drain(room: number): void {
    this.room = room;
    this.emit('drain');
  }

  end(): void {
    this.ended = true;
  }
}

const news = (seqs: number[], last: number, state: StateType = 'RUNNING', owesCalls = false) => ({
  jobId: 'j',
  state,
  last,
  owesCalls,
  events: seqs.map((seq) => ({ job_id: 'j', seq, type: 'progress', at: new Date(0), data: null })),
});
const encode = ({ seq }: { seq: number }) => String(seq);

function open(room: number, after = 0, staysForCalls = false) {
  const connection = new Connection(room);
  const calls: string[] = [];
  const reader = new EventReader(
    'j',
    after,
    connection as unknown as ServerResponse,
    staysForCalls,
    () => calls.push('ready'),
    () => calls.push('gone'),
  );
  return { connection, calls, reader };
}

describe(EventReader.name, () => {
  it('passes over what the client has (Last-Event-ID)', () => {
    const { connection, reader } = open(10, 2);
    reader.take(news([1, 2, 3, 4], 4), encode);
    expect(connection.sent).toEqual(['3', '4']);
    expect(reader.after).toBe(4);
  });

  it('sends no more than a slow connection takes, and goes on from there without a gap', () => {
    const { connection, calls, reader } = open(2);
    expect(reader.take(news([1, 2, 3, 4], 4), encode)).toBe(false);
    expect(connection.sent).toEqual(['1', '2']);
    expect(reader.isReady).toBe(false);
    reader.beat();
    connection.drain(10);
    expect(calls).toEqual(['ready']);
    reader.take(news([3, 4], 4), encode);
    expect(connection.sent).toEqual(['1', '2', '3', '4']);
  });

  it('asks for more when the rows were cut off', () => {
    expect(open(10).reader.take(news([1, 2], 4), encode)).toBe(true);
  });

  it('ends after the last event of a job that has ended, not before', () => {
    const { connection, reader } = open(10);
    reader.take(news([1, 2], 3, 'COMPLETED'), encode);
    expect(connection.ended).toBe(false);
    reader.take(news([3], 3, 'COMPLETED'), encode);
    expect(connection.ended).toBe(true);
  });

  it('ends with the job although calls are owed, unless the client came back for their events', () => {
    const [first, back] = [open(10), open(10, 3, true)];
    first.reader.take(news([1, 2, 3], 3, 'COMPLETED', true), encode);
    expect(first.connection.ended).toBe(true);
    back.reader.take(news([], 3, 'COMPLETED', true), encode);
    expect(back.connection.ended).toBe(false);
    back.reader.take(news([4], 4, 'COMPLETED', false), encode);
    expect(back.connection).toMatchObject({ sent: ['4'], ended: true });
  });

  it('writes nothing to a client that is gone', () => {
    const { connection, calls, reader } = open(10);
    connection.emit('close');
    reader.take(news([1], 1), encode);
    reader.beat();
    reader.end();
    expect(connection).toMatchObject({ sent: [], ended: false });
    expect(calls).toEqual(['gone']);
  });
});
