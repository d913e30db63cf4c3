import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Notifications } from '../../src/database/notifications.js';
import { eventually } from '../harness/backends.js';
import { type TestDatabase, TestDatabases } from '../harness/database.js';

jest.setTimeout(60_000);

let databases: TestDatabases;
let database: TestDatabase;
let notifications: Notifications;
let heard: string[];

beforeAll(async () => {
  databases = await TestDatabases.start();
  database = await databases.open();
});
beforeEach(async () => {
  heard = [];
  notifications = new Notifications(database.server);
  notifications.on('first', (payload) => heard.push(`first ${payload}`));
  await notifications.onApplicationBootstrap();
});
afterEach(() => notifications.close());
afterAll(() => databases.close());

/** Notifies until it is heard; hints of the time without a connection may be lost. */
async function hears(channel: string, payload: string): Promise<void> {
  await eventually(async () => {
    await database.query('SELECT pg_notify($1, $2)', [channel, payload]);
    return heard.includes(`${channel} ${payload}`) || undefined;
  }, `"${payload}" is heard on the channel "${channel}"`);
}

describe('Notifications', () => {
  it('brings the payloads of a channel to its listeners, and to no others', async () => {
    notifications.on('second', (payload) => heard.push(`second ${payload}`));
    notifications.on('first', (payload) => heard.push(`again ${payload}`));
    await hears('second', 'x');
    await hears('first', 'y');
    expect(new Set(heard)).toEqual(new Set(['second x', 'first y', 'again y']));
  });

  it('comes back when its connection is cut, with all channels', async () => {
    notifications.on('added later', (payload) => heard.push(`added later ${payload}`));
    for (let round = 1; round <= 2; round += 1) {
      await eventually(
        async () => ((await database.cut('sluice-notifications')) === 1 ? true : undefined),
        'there is one connection to cut',
      );
      await hears('first', `round ${round}`);
      await hears('added later', `round ${round}`);
    }
  });

  it('comes back after an outage of the database', async () => {
    await hears('first', 'before');
    await databases.server.crash();
    await databases.server.up();
    await hears('first', 'after');
  });

  it('takes up its channels when the database comes only after the start', async () => {
    await databases.server.crash();
    const early = new Notifications(database.server);
    early.on('early', (payload) => heard.push(`early ${payload}`));
    await early.onApplicationBootstrap();
    await databases.server.up();
    await hears('early', 'x');
    await early.close();
  });

  it('lets go of its connection at the shutdown, and does not come back', async () => {
    await notifications.close();
    const left = () =>
      database.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sluice-notifications'`,
      );
    await eventually(async () => ((await left()).length === 0 ? true : undefined), 'the connection is gone');
  });
});
