import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FuncKeywordDefinition, Options, ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { isBase64 } from '../../ogc/base64.js';
import type { Violation } from '../../ogc/problems/domain-error.js';
import { InputFile } from '../input-file.js';
import type { OgcSchema } from '../process-description.js';
import { binaryAlternatives } from '../schema/binary-schema.js';
import type { OgcFormat } from '../schema/ogc-formats.js';
import { geojsonFaults } from './geojson.js';
import { BASE64_TEXT, OGC_FORMAT_KEYWORD, toJsonSchema } from './json-schema.js';
import type { BinaryNodes, JsonSchema } from './json-schema.js';
import { bboxFaults } from './ogc-bbox.js';
import type { StructureFault } from './structure-fault.js';
import { DEEPEST, measure } from './value-size.js';
import { schemaWords } from './value-words.js';
import { toViolations } from './violation-writer.js';

/** Values with more parts than this get their first violation only: a list as long as the input helps nobody. */
const MOST_NODES_FOR_ALL = 10_000;

const MOST_VIOLATIONS = 100;

/** Validates JSON values against schemas of the OGC subset. One object per use: inputs or outputs. */
export class ValueValidators {
  private readonly quick: Ajv2020;
  private readonly thorough: Ajv2020;

  constructor(private readonly use: 'inputs' | 'outputs') {
    this.quick = makeAjv({ useDefaults: use === 'inputs' });
    this.thorough = makeAjv({ allErrors: true });
  }

  /** @throws Error when Ajv cannot compile the schema, for instance for a pattern that is no regular expression */
  compile(schema: OgcSchema): ValueValidator {
    const binary: BinaryNodes = this.use === 'inputs' ? 'never JSON' : 'text';
    const translated = toJsonSchema(schema, binary);
    return new ValueValidator(
      this.quick.compile(translated),
      () => this.thorough.compile(translated),
      translated,
      binaryAlternatives(schema).length > 0,
    );
  }
}

/** One compiled schema. */
export class ValueValidator {
  private thorough?: ValidateFunction;

  constructor(
    private readonly quick: ValidateFunction,
    private readonly compileThorough: () => ValidateFunction,
    private readonly schema: JsonSchema,
    private readonly takesFiles: boolean,
  ) {}

  /**
   * Validates a value and fills in defaults of its members.
   * @param pointer of the value, put before the pointers of violations
   */
  validate(value: unknown, pointer: string): Violation[] {
    if (value instanceof InputFile) return this.takesFiles ? [] : [this.unexpectedFile(pointer)];
    const size = measure(value);
    if (size.tooDeep) return [{ pointer, detail: `Expected a value nested at most ${DEEPEST} levels deep.` }];
    if (this.quick(value)) return [];
    if (size.nodes > MOST_NODES_FOR_ALL) return toViolations(this.quick.errors ?? [], pointer);
    this.thorough ??= this.compileThorough();
    this.thorough(value);
    return toViolations(this.thorough.errors ?? this.quick.errors ?? [], pointer).slice(0, MOST_VIOLATIONS);
  }

  private unexpectedFile(pointer: string): Violation {
    return { pointer, detail: `Expected ${schemaWords(this.schema)}, got a file.` };
  }
}

function makeAjv(options: Options): Ajv2020 {
  const ajv = new Ajv2020({
    strict: false,
    strictNumbers: true,
    verbose: true,
    logger: false,
    validateSchema: false,
    ...options,
  });
  addFormats.default(ajv);
  ajv.addFormat(BASE64_TEXT, isBase64);
  ajv.addKeyword(ogcFormatKeyword());
  return ajv;
}

function ogcFormatKeyword(): FuncKeywordDefinition {
  const validate: FuncKeywordDefinition['validate'] = (format: OgcFormat, data: unknown) => {
    const faults = structureFaults(format, data);
    validate!.errors = [{ keyword: OGC_FORMAT_KEYWORD, params: { faults } }];
    return faults.length === 0;
  };
  return { keyword: OGC_FORMAT_KEYWORD, schemaType: 'string', errors: true, validate };
}

function structureFaults(format: OgcFormat, data: unknown): StructureFault[] {
  return format === 'ogc-bbox' ? bboxFaults(data) : geojsonFaults(format, data);
}
