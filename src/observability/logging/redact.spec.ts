import { describe, expect, it } from '@jest/globals';
import { redactText, redactValue } from './redact.js';

describe('redactText', () => {
  it.each([
    ['cannot reach postgres://sluice:S3cret@db:5432/x?y', 'cannot reach postgres://sluice:[redacted]@db:5432/x?y'],
    ['redis://:S3cret@host', 'redis://:[redacted]@host'],
    ['postgres://u:S3c@re/t@host/db', 'postgres://u:[redacted]@host/db'],
    ['"postgres://u:S3cret@a" and "b@c"', '"postgres://u:[redacted]@a" and "b@c"'],
    ['Authorization: Bearer S3cret.abc.def', 'Authorization: Bearer [redacted]'],
    ['GET /x?limit=1&token=S3cret&f=json', 'GET /x?limit=1&token=[redacted]&f=json'],
    ['https://b.example/o?X-Amz-Signature=S3cret', 'https://b.example/o?X-Amz-Signature=[redacted]'],
    ['host=db password=S3cret user=u', 'host=db password=[redacted] user=u'],
  ])('hides the secret in %p', (text, expected) => expect(redactText(text)).toBe(expected));

  it.each([
    'http://host:3000/jobs?mail=a@example.org',
    'a job: 5 tokens, see https://example.org:80/',
    '12:30:01 at b@c',
  ])('leaves %p alone', (text) => expect(redactText(text)).toBe(text));
});

describe('redactValue', () => {
  it('hides members whose name says that they are secret, at any depth', () => {
    const value = {
      headers: { Authorization: ['S3cret'], accept: '*/*' },
      db: { password: 'S3cret' },
      apiKey: { a: 'S3cret' },
      secretAccessKey: 'S3cret',
      refreshToken: 'S3cret',
    };
    expect(redactValue(value)).toEqual({
      headers: { Authorization: '[redacted]', accept: '*/*' },
      db: { password: '[redacted]' },
      apiKey: '[redacted]',
      secretAccessKey: '[redacted]',
      refreshToken: '[redacted]',
    });
  });

  it('keeps ordinary names', () => {
    const value = { key: 'inputs/name', tokens: 5, monkey: 'x', passed: true, accessKeyId: 'id' };
    expect(redactValue(value)).toEqual(value);
  });

  it('says errors with their causes, without secrets', () => {
    const cause = Object.assign(new Error('postgres://u:S3cret@db is away'), { code: 'ECONNREFUSED' });
    const said = redactValue(new Error('no luck', { cause })) as { message: string; cause: { code: string } };
    expect(said).toMatchObject({ type: 'Error', message: 'no luck', cause: { code: 'ECONNREFUSED' } });
    expect(JSON.stringify(said)).not.toContain('S3cret');
  });

  it('cuts cycles and large bodies', () => {
    const cycle: Record<string, unknown> = { body: Buffer.alloc(5) };
    cycle.self = cycle;
    expect(JSON.stringify(redactValue(cycle))).toContain('[5 bytes]');
  });
});
