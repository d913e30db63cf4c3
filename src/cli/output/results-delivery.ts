import { mkdir } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { HttpAnswer } from '../client/http-connection.js';
import type { OgcClient } from '../client/ogc-client.js';
import { CliError, UsageError } from '../cli-error.js';
import { ExitCode } from '../exit-code.js';
import { type Destination, pathOf } from './destination.js';
import { contentOf, isText, readDocumentOutput, resultsText } from './results-document.js';
import { writeFileWhole } from './result-file.js';
import { print, printJson } from './terminal.js';

export interface Delivery {
  /** `bare`: the answer is the one output itself; `document`: a JSON document of all. */
  readonly form: 'bare' | 'document';
  /** The output of a bare answer. */
  readonly outputId?: string;
  /** Absent: standard output. */
  readonly destination?: Destination;
  readonly json?: boolean;
  /** Members of a document to deliver; absent: all. */
  readonly only?: readonly string[];
  /** What to throw when the document has none of these. */
  readonly missing?: Error;
}

/** Brings results from an answer to where the user wants them. */
export class ResultsDelivery {
  /** Paths of what was saved, by output id. */
  private readonly files: Record<string, string> = {};

  constructor(
    private readonly client: OgcClient,
    private readonly delivery: Delivery,
  ) {}

  /** @throws CliError when the answer cannot be delivered as wanted */
  async deliver(answer: HttpAnswer): Promise<void> {
    const { destination, form, json } = this.delivery;
    if (answer.statusCode === 204) return this.deliverLinks(answer);
    const mediaType = mediaTypeOf(answer);
    if (form === 'document' && (json || destination?.kind === 'directory' || mediaType.includes('json'))) {
      return this.deliverDocument(answer, mediaType);
    }
    if (destination) {
      await this.save(this.outputId, answer);
      return this.report();
    }
    if (json) return this.printBareAsJson(answer, mediaType);
    await toStandardOutput(answer, mediaType);
  }

  get hasSaved(): boolean {
    return Object.keys(this.files).length > 0;
  }

  /** Streams an answer into the file of an output. */
  async save(id: string, answer: HttpAnswer): Promise<void> {
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

  private async deliverDocument(answer: HttpAnswer, mediaType: string): Promise<void> {
    const { destination, json, only, missing } = this.delivery;
    const entries = Object.entries(await documentOf(answer, mediaType)).filter(([id]) => only?.includes(id) ?? true);
    if (entries.length === 0 && missing) throw missing;
    if (destination) return this.saveDocument(entries);
    if (json) printJson(Object.fromEntries(entries));
    else print(resultsText(Object.fromEntries(entries)));
  }

  private async saveDocument(entries: readonly [string, unknown][]): Promise<void> {
    for (const [id, member] of entries) {
      const output = readDocumentOutput(member);
      if (output.kind === 'reference') await this.save(id, await this.client.download(output.href));
      else await this.write(id, output.mediaType, contentOf(output));
    }
    this.report();
  }

  /** 204: the outputs are behind Link headers, or there are none (/req/core/process-execute-sync-raw-ref). */
  private async deliverLinks(answer: HttpAnswer): Promise<void> {
    await answer.body.dump();
    const links = resultLinks(answer.headers.link);
    const { destination, json } = this.delivery;
    if (destination && links.length === 1) {
      await this.save(this.outputId, await this.client.download(links[0]));
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

  private async printBareAsJson(answer: HttpAnswer, mediaType: string): Promise<void> {
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    if (mediaType.includes('json')) return printJson({ [this.outputId]: JSON.parse(bytes.toString()) as unknown });
    const value = isText(mediaType)
      ? { value: bytes.toString(), mediaType }
      : { value: bytes.toString('base64'), encoding: 'base64', mediaType };
    printJson({ [this.outputId]: value });
  }
}

async function toStandardOutput(answer: HttpAnswer, mediaType: string): Promise<void> {
  if (process.stdout.isTTY && !isText(mediaType)) {
    await answer.body.dump();
    throw new UsageError(`The result is ${mediaType}, which a terminal cannot show.`, 'Save it with --output FILE.');
  }
  await pipeline(answer.body, process.stdout, { end: false });
  if (process.stdout.isTTY) process.stdout.write('\n');
}

async function documentOf(answer: HttpAnswer, mediaType: string): Promise<Record<string, unknown>> {
  const text = await answer.body.text();
  try {
    const document = JSON.parse(text) as unknown;
    if (typeof document === 'object' && document !== null && !Array.isArray(document)) {
      return document as Record<string, unknown>;
    }
  } catch {
    // The message below says what came instead.
  }
  const advice = 'Write the answer as it is with --output FILE, or choose one output with --out.';
  throw new CliError(`The results are ${mediaType || 'of no media type'}, no document.`, ExitCode.problem, advice);
}

function mediaTypeOf({ headers }: HttpAnswer): string {
  return String(headers['content-type'] ?? '')
    .split(';', 1)[0]
    .trim();
}

/** Targets of a Link header that are results; the monitor and the profile of an answer are not. */
export function resultLinks(header: string | string[] | undefined): string[] {
  const links = [header ?? []]
    .flat()
    .join(',')
    .matchAll(/<([^>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^",;\s]*))*)/g);
  return [...links]
    .filter(([, , parameters]) => !/rel\s*=\s*"?(monitor|profile|self|alternate|up|describedby)\b/i.test(parameters))
    .map(([, href]) => href);
}
