import { describe, expect, it } from '@jest/globals';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { ClientDeparture } from './client-departure.js';

describe(ClientDeparture.name, () => {
  const response = () => new ServerResponse(new IncomingMessage(new Socket()));

  /** What the server of Node does to the answer of a connection that ends. */
  function leave(answer: ServerResponse): void {
    answer.destroyed = true;
    answer.emit('close');
  }

  it('tells listeners and the signal that the client left', () => {
    const answer = response();
    const client = new ClientDeparture(answer);
    const { signal } = client;
    let told = 0;
    client.addEventListener('abort', () => (told += 1));
    expect([client.aborted, signal.aborted]).toEqual([false, false]);
    leave(answer);
    expect([told, client.aborted, signal.aborted]).toEqual([1, true, true]);
    expect(client.reason).toBe(signal.reason);
  });

  it('gives an aborted signal to one who asks later', () => {
    const answer = response();
    leave(answer);
    expect(new ClientDeparture(answer).signal.aborted).toBe(true);
  });

  it('tells nothing to one who listens no longer', () => {
    const answer = response();
    const client = new ClientDeparture(answer);
    let told = 0;
    const listener = () => (told += 1);
    client.addEventListener('abort', listener);
    client.removeEventListener('abort', listener);
    leave(answer);
    expect(told).toBe(0);
  });

  it('does not take the end of a complete answer for a departure', () => {
    const answer = response();
    const { signal } = new ClientDeparture(answer);
    Object.defineProperty(answer, 'writableFinished', { value: true });
    leave(answer);
    expect(signal.aborted).toBe(false);
  });
});
