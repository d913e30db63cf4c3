import { mkdir } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CliError, UsageError } from '../cli-error.js';
import { ExitCode } from '../exit-code.js';
import { isJsonObject } from '../json-object.js';
import { type Destination, pathOf } from './destination.js';
import { contentOf, isText, readDocumentOutput, resultsText } from './results-document.js';
import { writeFileWhole } from './result-file.js';
import { print, printJson } from './terminal.js';
import { resultLinks, type ResultMembers } from './whole-results.js';

/** What form an answer with results has, and where they are to go. */
export interface Delivery {
  /** `bare`: the answer is the one output itself; `document`: a JSON document of all. */
  readonly form: 'bare' | 'document';
  /** The output of a bare answer. */
  readonly outputId?: string;
  /** Absent: standard output. */
  readonly destination?: Destination;
  readonly json?: boolean;
}

/** An answer with results, of a server or of a run without one. The body is read once. */
export interface ResultsAnswer {
  readonly statusCode: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable & {
    text(): Promise<string>;
    arrayBuffer(): Promise<ArrayBuffer>;
    /** Lets it go unread. */
    dump(): Promise<void>;
  };
}

/** Where the content is that a results document only links. */
export interface ResultsSource {
  download(href: string): Promise<ResultsAnswer>;
}

/** Brings results from an answer to where the user wants them. */
export class ResultsDelivery {
  /** Paths of what was saved, by output id. */
  private readonly files: Record<string, string> = {};

  constructor(
    private readonly source: ResultsSource,
    private readonly delivery: Delivery,
  ) {}

  /** @throws CliError when the answer cannot be delivered as wanted */
  async deliver(answer: ResultsAnswer): Promise<void> {
    const { destination, form, json } = this.delivery;
    if (answer.statusCode === 204) return this.deliverLinks(answer);
    const mediaType = mediaTypeOf(answer);
    if (form === 'document' && (json || destination?.kind === 'directory' || mediaType.includes('json'))) {
      return this.deliverMembers(await documentOf(answer, mediaType));
    }
    if (destination) {
      await this.save(this.outputId, answer);
      return this.report();
    }
    if (json) return this.deliverContent(Buffer.from(await answer.body.arrayBuffer()), mediaType);
    await toStandardOutput(answer, mediaType);
  }

  get hasSaved(): boolean {
    return Object.keys(this.files).length > 0;
  }

  /** Streams an answer into the file of an output. */
  async save(id: string, answer: ResultsAnswer): Promise<void> {
    await this.write(id, mediaTypeOf(answer), answer.body);
  }

  /** Says which files were written. */
  report(): void {
    if (this.delivery.json) printJson({ files: this.files });
    // Into a device went the content itself.
    else for (const path of Object.values(this.files)) if (!path.startsWith('/dev/')) print(path);
  }

  private get outputId(): string {
    return this.delivery.outputId ?? 'result';
  }

  /** Delivers members of a results document, by output id. */
  async deliverMembers(members: ResultMembers): Promise<void> {
    if (this.delivery.destination) return this.saveMembers(Object.entries(members));
    if (this.delivery.json) printJson(members);
    else print(resultsText(members));
  }

  /** Delivers the content of one output. */
  async deliverContent(content: Uint8Array, mediaType: string): Promise<void> {
    if (this.delivery.destination) {
      await this.write(this.outputId, mediaType, content);
      return this.report();
    }
    if (this.delivery.json) return printJson({ [this.outputId]: bareMember(content, mediaType) });
    refuseOnTerminal(mediaType);
    process.stdout.write(content);
    if (process.stdout.isTTY) process.stdout.write('\n');
  }

  private async saveMembers(entries: readonly [string, unknown][]): Promise<void> {
    for (const [id, member] of entries) {
      const output = readDocumentOutput(member);
      if (output.kind === 'reference') await this.save(id, await this.source.download(output.href));
      else await this.write(id, output.mediaType, contentOf(output));
    }
    this.report();
  }

  /** 204: the outputs are behind Link headers, or there are none (/req/core/process-execute-sync-raw-ref). */
  private async deliverLinks(answer: ResultsAnswer): Promise<void> {
    await answer.body.dump();
    const links = resultLinks(answer.headers.link).map(({ href }) => href);
    const { destination, json } = this.delivery;
    if (destination && links.length === 1) {
      await this.save(this.outputId, await this.source.download(links[0]));
      return this.report();
    }
    if (json) printJson({ links: links.map((href) => ({ href })) });
    else print(links.join('\n') || 'The job has no outputs.');
  }

  private async write(id: string, mediaType: string, content: Parameters<typeof writeFileWhole>[1]): Promise<void> {
    const destination = this.delivery.destination!;
    if (destination.kind === 'directory') await mkdir(destination.path, { recursive: true });
    const path = pathOf(destination, id, mediaType);
    await writeFileWhole(path, content);
    this.files[id] = path;
  }
}

/** The content of a bare output as a member of a results document. */
function bareMember(content: Uint8Array, mediaType: string): unknown {
  const bytes = Buffer.from(content);
  if (mediaType.includes('json')) return JSON.parse(bytes.toString()) as unknown;
  return isText(mediaType)
    ? { value: bytes.toString(), mediaType }
    : { value: bytes.toString('base64'), encoding: 'base64', mediaType };
}

function refuseOnTerminal(mediaType: string): void {
  if (!process.stdout.isTTY || isText(mediaType)) return;
  throw new UsageError(`The result is ${mediaType}, which a terminal cannot show.`, 'Save it with --output FILE.');
}

async function toStandardOutput(answer: ResultsAnswer, mediaType: string): Promise<void> {
  try {
    refuseOnTerminal(mediaType);
  } catch (error) {
    await answer.body.dump();
    throw error;
  }
  await pipeline(answer.body, process.stdout, { end: false });
  if (process.stdout.isTTY) process.stdout.write('\n');
}

async function documentOf(answer: ResultsAnswer, mediaType: string): Promise<Record<string, unknown>> {
  const text = await answer.body.text();
  try {
    const document = JSON.parse(text) as unknown;
    if (isJsonObject(document)) {
      return document;
    }
  } catch {
    // The message below says what came instead.
  }
  const advice = 'Write the answer as it is with --output FILE, or choose one output with --out.';
  throw new CliError(`The results are ${mediaType || 'of no media type'}, no document.`, ExitCode.problem, advice);
}

function mediaTypeOf({ headers }: ResultsAnswer): string {
  return String(headers['content-type'] ?? '')
    .split(';', 1)[0]
    .trim();
}
