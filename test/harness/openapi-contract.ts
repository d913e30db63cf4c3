import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

interface Operation {
  readonly responses: Record<
    string,
    { readonly $ref?: string; readonly content?: Content; readonly headers?: Headers }
  >;
}
type Content = Record<string, { readonly schema?: object }>;
type Headers = Record<string, { readonly required?: boolean; readonly schema?: object }>;
type Response_ = Operation['responses'][string];

interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly responses: Record<string, Response_> };
}

const BASE = 'https://document.test/';
const OPENAPI_31 = 'application/vnd.oai.openapi+json;version=3.1';

/**
 * Holds the responses of a service to the OpenAPI document it publishes: status, media type and body of every response
 * must be documented (OGC 18-062r2 /req/oas30/completeness). It reads the 3.1 form, whose schemas are JSON Schema.
 */
export class OpenApiContract {
  private readonly ajv = new Ajv2020({ strict: false, validateSchema: false, allErrors: true, logger: false });
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(private readonly document: Document) {
    addFormats.default(this.ajv, ['date-time', 'uuid']);
    this.ajv.addSchema({ ...document, $id: BASE });
  }

  /** @returns nothing while the service cannot be asked: it does not listen, or is going down */
  static async of(base: string): Promise<OpenApiContract | undefined> {
    const response = await fetch(`${base}/api`, { headers: { accept: OPENAPI_31 } }).catch(() => undefined);
    if (response === undefined || response.status >= 500) return undefined;
    if (!response.ok) throw new Error(`GET /api in OpenAPI 3.1: ${response.status}`);
    return new OpenApiContract((await response.json()) as Document);
  }

  /**
   * @param path of the request, relative to the landing page
   * @returns what the document does not allow about a response, in words; nothing for a path or method that the
   *   service does not have, since its 404 and 405 belong to no operation
   */
  async faultOf(method: string, path: string, response: Response): Promise<string | undefined> {
    const template = this.templateOf(new URL(path, BASE).pathname);
    const operation = template === undefined ? undefined : this.document.paths[template][method.toLowerCase()];
    if (template === undefined || operation === undefined) return undefined;
    const fault = await this.check(['paths', template, method.toLowerCase(), 'responses'], operation, response);
    if (fault === undefined) return undefined;
    return `${method} ${path} answered ${response.status}, which ${method} ${template} of the OpenAPI document does not allow: ${fault}`;
  }

  private async check(pointer: string[], { responses }: Operation, response: Response): Promise<string | undefined> {
    const status = String(response.status) in responses ? String(response.status) : 'default';
    const given = responses[status];
    if (given === undefined) return `the status is not documented (${Object.keys(responses).join(', ')} are)`;
    if (status === 'default' && response.ok) return 'a success must be documented by its status';
    const name = given.$ref?.split('/').at(-1);
    const declared = name === undefined ? given : this.document.components.responses[name];
    const at = name === undefined ? [...pointer, status] : ['components', 'responses', name];

    const missing = Object.entries(declared.headers ?? {}).filter(
      ([header, { required }]) => required && !response.headers.has(header),
    );
    if (missing.length > 0) return `the header ${missing[0][0]} is missing`;
    const type = response.headers.get('content-type');
    if (type === null) return declared.content && response.status !== 304 ? this.emptyFault(response) : undefined;
    const key = mediaTypeKey(declared.content ?? {}, type);
    if (key === undefined) return `the media type ${type} is not documented`;
    if (!isJson(type) || declared.content![key].schema === undefined) return undefined;
    return this.bodyFault([...at, 'content', key, 'schema'], response);
  }

  /** A response without a media type has no body to describe. */
  private async emptyFault(response: Response): Promise<string | undefined> {
    const { byteLength } = await response.clone().arrayBuffer();
    return byteLength > 0 ? 'the body has no media type' : undefined;
  }

  private async bodyFault(pointer: string[], response: Response): Promise<string | undefined> {
    const text = await response.clone().text();
    // HEAD
    if (text === '') return undefined;
    const validate = this.validator(pointer);
    if (validate(JSON.parse(text))) return undefined;
    const errors = validate.errors!.slice(0, 8).map((error) => `  ${error.instancePath || '/'} ${error.message}`);
    return `the body is not valid against #/${pointer.join('/')}\n${errors.join('\n')}\n  body: ${text.slice(0, 500)}`;
  }

  private validator(pointer: string[]): ValidateFunction {
    const reference = `${BASE}#/${pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
    const validate = this.validators.get(reference) ?? this.ajv.compile({ $ref: reference });
    this.validators.set(reference, validate);
    return validate;
  }

  /** The path of the document that a path belongs to; a concrete one before a templated one. */
  private templateOf(path: string): string | undefined {
    const parts = path.split('/');
    if (parts.length > 2 && parts.at(-1) === '') parts.pop();
    const fitting = Object.keys(this.document.paths).filter((template) => {
      const pattern = template.split('/');
      return pattern.length === parts.length && pattern.every((part, index) => fits(part, parts[index]));
    });
    return fitting.find((template) => !template.includes('{')) ?? fitting[0];
  }
}

function fits(pattern: string, part: string): boolean {
  if (pattern.startsWith('{')) return part !== '';
  try {
    return decodeURIComponent(pattern) === decodeURIComponent(part);
  } catch {
    return false;
  }
}

function mediaTypeKey(content: Content, type: string): string | undefined {
  const essence = type.split(';')[0].trim().toLowerCase();
  const keys = Object.keys(content);
  return (
    keys.find((key) => key.toLowerCase() === type.toLowerCase()) ??
    keys.find((key) => key.split(';')[0].trim() === essence) ??
    keys.find((key) => key === '*/*')
  );
}

function isJson(type: string): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(type);
}
