import { describe, expect, it } from '@jest/globals';
import { HelloWorld } from './hello-world.process.js';

describe('hello-world', () => {
  it('greets by name', () => {
    expect(new HelloWorld().execute({ name: 'Ada' })).toEqual({ result: 'Hello Ada!' });
  });

  it('appends the message', () => {
    expect(new HelloWorld().execute({ name: 'Ada', message: 'Good day.' })).toEqual({ result: 'Hello Ada! Good day.' });
  });
});
