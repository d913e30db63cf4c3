import { describe, expect, it } from '@jest/globals';
import { IsBoolean } from 'class-validator';
import { Input } from '../processes/decorators/input.decorator.js';
import type { Question } from '../processes/job-context.js';
import { inputRequest } from './input-request.js';

class Approval {
  @Input({ title: 'Good?' })
  @IsBoolean()
  ok!: boolean;

  @Input()
  factor = 2;
}

class Unmarked {
  @IsBoolean()
  ok!: boolean;
}

describe('what is asked for', () => {
  it('is the schema of a class, in which what has a default may be left out', () => {
    expect(inputRequest(Approval, { timeout: '1h', message: 'Well?' })).toEqual({
      schema: {
        type: 'object',
        properties: { ok: { type: 'boolean', title: 'Good?' }, factor: { type: 'number', default: 2 } },
        required: ['ok'],
        additionalProperties: false,
      },
      timeout: 3_600_000,
      message: 'Well?',
    });
  });

  it('is asked for a time, which is a duration', () => {
    expect(() => inputRequest({}, { timeout: 'soon' })).toThrow(
      /^timeout: "soon" is no duration, which is milliseconds/,
    );
    expect(() => inputRequest({}, { timeout: 0 })).toThrow('Nobody can answer within a timeout of 0');
  });

  it.each<[string, Question<unknown>, RegExp]>([
    ['a type that there is not', { type: 'potato' }, /JSON Schema of the answer is wrong: .*It is {"type":"potato"}/],
    ['a keyword with a wrong value', { type: 'object', required: 'ok' }, /is wrong: .*required/],
    ['a reference to nothing', { $ref: '#/definitions/x' }, /is wrong: .*#\/definitions\/x/],
    ['a class without @Input()', Unmarked, /No property of the class Unmarked has @Input\(\)/],
    ['nothing', undefined as never, /a class with @Input\(\), or a JSON Schema, not undefined/],
  ])('is refused when nobody could answer it: %s', (_, question, message) => {
    expect(() => inputRequest(question as never, {})).toThrow(message);
  });
});
