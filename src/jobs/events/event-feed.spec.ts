import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { Settings } from '../../config/settings.js';
import type { Notifications } from '../../database/notifications.js';
import type { EventPosition, JobEvents, NewEvents } from '../store/job-events.js';
import { EventFeed } from './event-feed.js';

const LAST = 8;

/** The events 1 to 8 of a job that has ended; each look waits until it is let go. */
class HeldEvents extends EventEmitter {
  readonly looks: { after: number; letGo: () => void }[] = [];

  news([{ jobId, after }]: readonly EventPosition[]): Promise<NewEvents[]> {
    const rows = Array.from({ length: LAST }, (_, index) => index + 1).filter((seq) => seq > after);
    const events = rows.map((seq) => ({ job_id: jobId, seq, type: 'progress', at: new Date(0), data: null }));
    return new Promise((resolve) => {
      const letGo = () => resolve([{ jobId, state: 'COMPLETED', last: LAST, owesCalls: false, events }]);
      this.looks.push({ after, letGo });
      this.emit('look');
    });
  }
}

/** A connection that is never full. */
class Connection extends EventEmitter {
  readonly ids: number[] = [];

  write(text: string): boolean {
    this.ids.push(Number(/^id: (\d+)$/m.exec(text)?.[1]));
    return true;
  }

  end(): void {
    this.emit('close');
  }
}

describe(EventFeed.name, () => {
  it('leaves no gap for a reader who joins during a look and has less than it looked for', async () => {
    const events = new HeldEvents();
    const notifications = { on: () => undefined } as unknown as Notifications;
    const feed = new EventFeed(events as unknown as JobEvents, notifications, Settings.parse({}));
    const follow = (after: number) => {
      const connection = new Connection();
      feed.follow('a-job', after, connection as unknown as ServerResponse);
      return { connection, ended: once(connection, 'close') };
    };

    const first = follow(5);
    const second = follow(0);
    expect(events.looks.map(({ after }) => after)).toEqual([5]);
    const next = once(events, 'look');
    events.looks[0].letGo();
    await first.ended;
    expect(first.connection.ids).toEqual([6, 7, 8]);
    await next;
    events.looks[1].letGo();
    await second.ended;
    expect(second.connection.ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
