import type { RequestedOutput, ResponsePreferences } from '../../jobs/job.types.js';
import { MediaType } from '../../ogc/media-type.js';
import type { Preferences } from '../../ogc/prefer.js';
import { DomainError } from '../../ogc/problems/domain-error.js';
import type { OgcSchema, OutputDescription, ProcessDescription } from '../../processes/process-description.js';
import { schemaNamed } from '../schema-alternatives.js';
import { availableFormats, chooseFormat, negotiate, requireFormat, type OutputFormat } from './output-format.js';
import { requestedSchema } from './requested-output.js';
import type { ResultOutput } from './result-output.js';
import { asksForDocument } from './results-profile.js';

/** The absolute URL under which one output can be had. */
export type UrlOfOutput = (output: ResultOutput) => string | Promise<string>;

/** Everything the shape of a results response depends on. */
export interface ResultsQuestion {
  /** What the execution produced; may lack optional outputs. */
  readonly produced: readonly ResultOutput[];
  /** The outputs of the process description. */
  readonly described: Readonly<Record<string, OutputDescription>>;
  readonly request: ResponsePreferences;
  /** `Accept` as sent. */
  readonly accept?: string;
  /** The query parameter `profile`, one or several joined by commas; a profile in Accept counts likewise. */
  readonly profile?: string;
  /** `Prefer: return=` */
  readonly returnPreference?: Preferences['return'];
  /** Absent when no job was kept, everything is then sent by value. */
  readonly urlOf?: UrlOfOutput;
  /** `execution`: the answer to POST execution. `job`: GET results, where having asked for none is an error. */
  readonly source: 'execution' | 'job';
}

/** A requested output that exists, and how it is to be sent. */
export interface PlannedOutput {
  readonly output: ResultOutput;
  readonly title?: string;
  readonly schema: OgcSchema;
  readonly format: OutputFormat;
  /** Its bytes are to be written in this encoding, which the request names. */
  readonly encoding?: 'base64';
  /** `size`: by value when small, else by reference. */
  readonly transmission: 'value' | 'reference' | 'size';
}

/** A row of the response matrices of 1.0 and 2.0. */
export type ResultsPlan =
  | { readonly form: 'empty' }
  | { readonly form: 'bare'; readonly output: PlannedOutput }
  | { readonly form: 'links'; readonly outputs: readonly PlannedOutput[] }
  | { readonly form: 'multipart'; readonly outputs: readonly PlannedOutput[] }
  /** @property profile whether to say that the document follows the ogc-results profile (2.0) */
  | { readonly form: 'document'; readonly outputs: readonly PlannedOutput[]; readonly profile: boolean };

/**
 * Decides the form of a results response. It goes by the number of requested outputs (all described ones when none
 * were named), not of produced ones.
 *
 * 1.0 (18-062r2 /req/core/process-execute-sync-* and job-results-async-*): `response` and the transmission modes
 * decide, Accept only between the formats of an output, and whether a body of several parts is acceptable at all.
 * 2.0: one output is bare, several are JSON, or multipart/related where Accept prefers it; `ogc-results` asks for JSON in
 * either case.
 *
 * A format that the request names for an output, and that the run did not make, refuses nothing: the output is sent as what it
 * is. Accept counts where the client can ask again, and where the request names no format.
 * @throws DomainError `not-acceptable` when Accept takes nothing that is there; `result-not-available` for the results of a job that was asked for none
 */
export function planResults(question: ResultsQuestion): ResultsPlan {
  const requested = requestedOutputs(question.request, question.described);
  const form = formOf(requested, question);
  if (form === 'empty') return nothing(question);
  const outputs = requested.flatMap((selection) => planOutput(selection, form, question));
  if (form === 'document') return { form, outputs, profile: question.request.dialect === '2.0' };
  // Optional outputs that were not produced are no error, neither at once nor later.
  if (outputs.length === 0) return { form: 'empty' };
  return form === 'bare' ? { form, output: outputs[0] } : { form, outputs };
}

/**
 * Refuses an execution whose results could not be sent in a format that the client takes, before it runs.
 * @param accept of the request; absent for one that is answered with a job, whose results a later request asks for
 * @throws DomainError `not-acceptable`
 */
export function requireAcceptable(
  request: ResponsePreferences,
  process: Pick<ProcessDescription, 'outputs'>,
  accept?: string,
  profile?: string,
): void {
  const question = { request, described: process.outputs, accept, profile, urlOf: () => '' };
  const requested = requestedOutputs(request, process.outputs);
  const form = formOf(requested, question);
  for (const selection of requested) {
    const { id, mediaType } = selection;
    encodingOf(selection);
    const wish = { mediaType, accept: form === 'bare' ? accept : undefined };
    requireFormat(id, requireSchema(selection, process.outputs[id].schema), wish);
  }
}

function requestedOutputs(
  request: Pick<ResponsePreferences, 'outputs'>,
  described: ResultsQuestion['described'],
): readonly RequestedOutput[] {
  return request.outputs ?? Object.keys(described).map((id) => ({ id }));
}

function formOf(
  requested: readonly RequestedOutput[],
  { request, accept, profile, urlOf }: Pick<ResultsQuestion, 'request' | 'accept' | 'profile' | 'urlOf'>,
): ResultsPlan['form'] {
  if (requested.length === 0) return 'empty';
  if (request.dialect === '2.0') return formOf20(requested.length, accept, profile);
  if (request.response === 'document') return requireJson(accept);
  const isReference = ({ transmissionMode }: RequestedOutput): boolean =>
    urlOf !== undefined && transmissionMode === 'reference';
  if (requested.every(isReference)) return 'links';
  return requested.length === 1 ? 'bare' : requireMultipart(accept);
}

function formOf20(count: number, accept: string | undefined, profile: string | undefined): ResultsPlan['form'] {
  const isJsonFine = negotiate(accept, [MediaType.json]) !== undefined;
  if (asksForDocument(profile, accept) && isJsonFine) return 'document';
  if (count === 1) return 'bare';
  const chosen = negotiate(accept, [MediaType.json, MediaType.multipartRelated]);
  if (chosen === undefined) {
    throw new DomainError(
      'not-acceptable',
      `Several outputs are available as ${MediaType.json} or ${MediaType.multipartRelated}.`,
    );
  }
  return chosen === MediaType.json ? 'document' : 'multipart';
}

function requireJson(accept: string | undefined): 'document' {
  if (negotiate(accept, [MediaType.json]) !== undefined) return 'document';
  throw new DomainError('not-acceptable', `A results document is available as ${MediaType.json}.`);
}

/** Several raw outputs are multipart/related in 1.0, also for a client that names JSON alone, as many of 1.0 do. */
function requireMultipart(accept: string | undefined): 'multipart' {
  if (negotiate(accept, [MediaType.multipartRelated, MediaType.json]) !== undefined) return 'multipart';
  throw new DomainError(
    'not-acceptable',
    `Several raw outputs are available as ${MediaType.multipartRelated}; ask for one of them, or for a document.`,
  );
}

function nothing({ source }: ResultsQuestion): ResultsPlan {
  if (source === 'execution') return { form: 'empty' };
  throw new DomainError('result-not-available', 'The execute request asked for no outputs.');
}

function planOutput(selection: RequestedOutput, form: ResultsPlan['form'], question: ResultsQuestion): PlannedOutput[] {
  const output = question.produced.find(({ id }) => id === selection.id);
  if (output === undefined) return [];
  const { schema: described, title } = question.described[selection.id];
  const schema = requestedSchema(selection, described);
  const { mediaType } = selection;
  const isSettled = question.source === 'execution' && mediaType !== undefined;
  // Accept speaks of the whole body; only a bare output is the whole body.
  const accept = form === 'bare' && !isSettled ? question.accept : undefined;
  const format = chooseFormat(selection.id, availableFormats(output, schema), { mediaType, accept });
  const encoding = encodingOf(selection);
  return [{ output, title, schema, format, encoding, transmission: transmissionOf(selection, form, question) }];
}

/** @throws DomainError `not-acceptable` when the request wants another encoding than base64 */
function encodingOf({ id, encoding }: RequestedOutput): PlannedOutput['encoding'] {
  if (encoding === undefined) return undefined;
  if (encoding.toLowerCase() === 'base64') return 'base64';
  throw new DomainError('not-acceptable', `The output ${id} is available as it is, or in base64.`);
}

/** @throws DomainError `not-acceptable` when the request wants another schema than the output has */
function requireSchema({ id, schema: named }: RequestedOutput, schema: OgcSchema): OgcSchema {
  const wanted = named === undefined ? schema : schemaNamed(schema, named);
  if (wanted !== undefined) return wanted;
  throw new DomainError('not-acceptable', `The output ${id} does not have the schema that the request names.`);
}

function transmissionOf(
  { transmissionMode }: RequestedOutput,
  form: ResultsPlan['form'],
  { urlOf, returnPreference }: ResultsQuestion,
): PlannedOutput['transmission'] {
  if (urlOf === undefined) return 'value';
  if (transmissionMode !== undefined) return transmissionMode;
  return form === 'document' && returnPreference !== 'representation' ? 'size' : 'value';
}
