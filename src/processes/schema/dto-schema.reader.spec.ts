import { describe, expect, it } from '@jest/globals';
import { Type as Nested } from 'class-transformer';
import * as cv from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Input } from '../decorators/input.decorator.js';
import { InputFile } from '../input-file.js';
import { needsClassTransformer, needsClassValidator } from './dto-needs.js';
import { DtoSchemaReader } from './dto-schema.reader.js';

enum Colour {
  red = 'red',
  green = 'green',
}

enum Level {
  low,
  high,
}

function schemasOf(dto: new () => object) {
  return Object.fromEntries([...new DtoSchemaReader().properties(dto)].map(([name, { schema }]) => [name, schema]));
}

describe('schemas from DTO classes', () => {
  it('reads class-validator, whatever the order of the decorators', () => {
    class Inputs {
      @Input() @cv.IsInt() @cv.Min(1) @cv.Max(9) first!: number;
      @Input() @cv.Max(9) @cv.Min(1) @cv.IsInt() second!: number;
      @Input() @cv.IsPositive() positive!: number;
      @Input() @cv.IsPositive() @cv.Min(3) atLeastThree!: number;
      @Input() @cv.Length(2, 5) text!: string;
      @Input() @cv.Matches(/^a+$/) pattern!: string;
      @Input() @cv.IsEnum(Colour) colour!: Colour;
      @Input() @cv.IsEnum(Level) level!: Level;
      @Input() @cv.IsIn([1, 'one']) mixed!: number | string;
      @Input() @cv.Equals('yes') consent!: string;
      @Input() @cv.IsEmail() email!: string;
      @Input() @cv.IsNotEmpty() filled!: string;
    }
    expect(schemasOf(Inputs)).toEqual({
      first: { type: 'integer', minimum: 1, maximum: 9 },
      second: { type: 'integer', minimum: 1, maximum: 9 },
      positive: { type: 'number', minimum: 0, exclusiveMinimum: true },
      atLeastThree: { type: 'number', minimum: 3 },
      text: { type: 'string', minLength: 2, maxLength: 5 },
      pattern: { type: 'string', pattern: '^a+$' },
      colour: { type: 'string', enum: ['red', 'green'] },
      level: { type: 'number', enum: [0, 1] },
      mixed: { enum: [1, 'one'] },
      consent: { type: 'string', enum: ['yes'] },
      email: { type: 'string', format: 'email' },
      filled: { type: 'string', not: { enum: [''] } },
    });
  });

  it('publishes no pattern whose flags a schema cannot say, and no format that is stricter than the validator', () => {
    class Inputs {
      @Input() @cv.Matches(/^a+$/i) ignoringCase!: string;
      @Input() @cv.Matches(/^a+$/m) linewise!: string;
      @Input() @cv.Matches(/^\p{L}+$/u) unicode!: string;
      @Input() @cv.Matches(/^a+$/g) global!: string;
      @Input() @cv.IsISO8601() when!: string;
      @Input() @cv.IsDateString() alsoWhen!: string;
    }
    expect(schemasOf(Inputs)).toEqual({
      ignoringCase: { type: 'string' },
      linewise: { type: 'string' },
      unicode: { type: 'string', pattern: '^\\p{L}+$' },
      global: { type: 'string', pattern: '^a+$' },
      when: { type: 'string' },
      alsoWhen: { type: 'string' },
    });
  });

  it('takes the type from TypeScript where no validator tells it', () => {
    class Inputs {
      @Input() text!: string;
      @Input() amount!: number;
      @Input() yes!: boolean;
      @Input() when!: Date;
      @Input() file!: InputFile;
    }
    expect(schemasOf(Inputs)).toEqual({
      text: { type: 'string' },
      amount: { type: 'number' },
      yes: { type: 'boolean' },
      when: { type: 'string', format: 'date-time' },
      file: { type: 'string', format: 'byte', contentEncoding: 'base64' },
    });
  });

  it('reads arrays, with their items and sizes', () => {
    class Point {
      @cv.IsNumber() x!: number;
    }
    class Inputs {
      @Input() @cv.IsArray() @cv.ArrayMinSize(1) @cv.ArrayMaxSize(3) @cv.IsInt({ each: true }) numbers!: number[];
      @Input() @cv.ValidateNested({ each: true }) @Nested(() => Point) points!: Point[];
      @Input() @cv.ValidateNested() @Nested(() => Point) alsoPoints!: Point[];
      @Input() @Nested(() => Number) plain!: number[];
    }
    const points = { type: 'array', items: { type: 'object', properties: { x: { type: 'number' } }, required: ['x'] } };
    expect(schemasOf(Inputs)).toEqual({
      numbers: { type: 'array', minItems: 1, maxItems: 3, items: { type: 'integer' } },
      points,
      alsoPoints: points,
      plain: { type: 'array', items: { type: 'number' } },
    });
  });

  it('writes nested classes out in place and tells two classes of one name apart', () => {
    const first = (() => {
      class Part {
        @cv.IsString() a!: string;
      }
      return Part;
    })();
    const second = (() => {
      class Part {
        @Input({ title: 'B', description: 'A number' }) @cv.IsOptional() @cv.IsNumber() b?: number;
      }
      return Part;
    })();
    class Inputs {
      @Input() @cv.ValidateNested() @Nested(() => first) one!: object;
      @Input() @cv.ValidateNested() @Nested(() => second) two!: object;
    }
    expect(schemasOf(Inputs)).toEqual({
      one: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
      two: { type: 'object', properties: { b: { title: 'B', description: 'A number', type: 'number' } } },
    });
  });

  it('reads initializers as defaults, which make a property optional', () => {
    class Inputs {
      @Input() @cv.IsInt() steps = 8;
      @Input() @cv.IsString({ each: true }) names = ['a', 'b'];
      @Input({ default: 'x' }) text!: string;
    }
    const properties = new DtoSchemaReader().properties(Inputs);
    expect(properties.get('steps')).toMatchObject({ schema: { type: 'integer', default: 8 }, optional: true });
    expect(properties.get('names')).toMatchObject({ schema: { default: ['a', 'b'] }, optional: true });
    expect(properties.get('text')).toMatchObject({ schema: { type: 'string', default: 'x' }, optional: true });
  });

  it('lets the options of @Input() add to the schema, and replace it when they say what the value is', () => {
    class Inputs {
      @Input({ schema: { maxLength: 4 }, mediaType: 'text/csv' }) @cv.IsString() text!: string;
      @Input({ schema: { oneOf: [{ type: 'string' }, { type: 'integer' }] } }) either!: string | number;
      @Input({ encoding: 'base64', mediaType: 'image/png' }) image!: unknown;
      @Input({ format: 'ogc-bbox', schema: { type: 'object' } }) box!: unknown;
    }
    expect(schemasOf(Inputs)).toEqual({
      text: { type: 'string', maxLength: 4, contentMediaType: 'text/csv' },
      either: { oneOf: [{ type: 'string' }, { type: 'integer' }] },
      image: { type: 'string', format: 'byte', contentEncoding: 'base64', contentMediaType: 'image/png' },
      box: { type: 'object', format: 'ogc-bbox' },
    });
  });

  it('joins the properties of base classes', () => {
    class Base {
      @Input() @cv.IsString() a!: string;
    }
    class Inputs extends Base {
      @Input() @cv.IsInt() b!: number;
    }
    expect(Object.entries(schemasOf(Inputs))).toEqual([
      ['a', { type: 'string' }],
      ['b', { type: 'integer' }],
    ]);
  });

  it('turns library keywords into the OGC subset', () => {
    class Inputs {
      @Input() @cv.IsString() @JSONSchema({ examples: ['x', 'y'], const: 'x' } as never) text!: string;
    }
    expect(schemasOf(Inputs)).toEqual({ text: { type: 'string', example: 'x', enum: ['x'] } });
  });

  it('names the cycle of a class that contains itself, and accepts a schema by hand there', () => {
    class Tree {
      @Input() @cv.ValidateNested() @Nested(() => Tree) child?: object;
    }
    class Bent {
      @Input({ schema: { type: 'object' } }) @cv.ValidateNested() @Nested(() => Bent) child?: object;
    }
    expect(() => schemasOf(Tree)).toThrow('Tree -> Tree');
    expect(schemasOf(Bent)).toEqual({ child: { type: 'object' } });
  });

  it('says which class cannot be made without arguments', () => {
    class Greedy {
      @Input() name: string;
      constructor(source?: { name: string }) {
        this.name = source!.name;
      }
    }
    expect(() => schemasOf(Greedy)).toThrow(/Greedy cannot be made without arguments/);
  });
});

describe('what a DTO needs beyond its schema', () => {
  it('runs class-validator only for validators that a schema cannot express, also in nested classes', () => {
    class Plain {
      @Input() @cv.IsOptional() @cv.IsInt() @cv.Min(1) a?: number;
    }
    class Telling {
      @Input() @cv.IsIBAN() account!: string;
    }
    class Outer {
      @Input() @cv.ValidateNested() @Nested(() => Telling) inner!: Telling;
    }
    expect([Plain, Telling, Outer].map((dto) => needsClassValidator(dto))).toEqual([false, true, true]);
  });

  it('runs class-transformer only for nested classes, dates and transformations', () => {
    class Plain {
      @Input() a!: string;
      @Input() file!: InputFile;
    }
    class Dated {
      @Input() when!: Date;
    }
    class Outer {
      @Input() @Nested(() => Plain) inner!: Plain;
    }
    expect([Plain, Dated, Outer].map((dto) => needsClassTransformer(dto))).toEqual([false, true, true]);
  });
});
