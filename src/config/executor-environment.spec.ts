import { describe, expect, it } from '@jest/globals';
import { executorEnvironment } from './executor-environment.js';

describe('executorEnvironment', () => {
  it('passes what programs need and nothing else', () => {
    const service = {
      PATH: '/bin',
      LC_ALL: 'el_GR.UTF-8',
      TZ: 'Europe/Athens',
      NODE_EXTRA_CA_CERTS: '/ca.pem',
      HOME: undefined,
      DATABASE_URL: 'postgres://u:p@h/d',
      REDIS_URL: 'redis://h',
      HTTPS_PROXY: 'http://user:password@proxy',
      NODE_OPTIONS: '--inspect',
      AWS_SECRET_ACCESS_KEY: 'secret',
    };
    expect(executorEnvironment(service)).toEqual({
      PATH: '/bin',
      LC_ALL: 'el_GR.UTF-8',
      TZ: 'Europe/Athens',
      NODE_EXTRA_CA_CERTS: '/ca.pem',
    });
  });
});
