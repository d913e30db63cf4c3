// The documents of OGC API - Processes, as far as the command line reads them. They come from any server, so that
// everything a server may leave out, or writes in its own way, is optional here.

/** A schema in JSON Schema or OpenAPI 3.0 style. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly title?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly nullable?: boolean;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly writeOnly?: boolean;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly $ref?: string;
  readonly contentMediaType?: string;
  readonly contentEncoding?: string;
}

/** `inputDescription.yaml`, as far as this program reads it. */
export interface InputDescription {
  readonly title?: string;
  readonly description?: string;
  readonly schema?: Schema;
  readonly minOccurs?: number;
  readonly maxOccurs?: number | 'unbounded';
}

/** `outputDescription.yaml`, as far as this program reads it. */
export interface OutputDescription {
  readonly title?: string;
  readonly description?: string;
  readonly schema?: Schema;
}

/** `link.yaml` */
export interface DocumentLink {
  readonly href: string;
  readonly rel?: string;
  readonly type?: string;
}

/** `processSummary.yaml`: a process in a list. */
export interface ProcessSummary {
  readonly id: string;
  readonly version?: string;
  readonly title?: string;
  readonly description?: string;
  readonly jobControlOptions?: readonly string[];
}

/** `process.yaml`: a process with its inputs and outputs, by id. */
export interface ProcessDocument extends ProcessSummary {
  readonly inputs?: Readonly<Record<string, InputDescription>>;
  readonly outputs?: Readonly<Record<string, OutputDescription>>;
}

/** `statusInfo.yaml` of 1.0 (`jobID`) and of the 2.0 draft (`id`). */
export interface StatusInfo {
  readonly jobID?: string;
  readonly id?: string;
  readonly processID?: string;
  readonly status: string;
  readonly message?: string;
  readonly progress?: number;
  readonly created?: string;
  readonly started?: string;
  readonly finished?: string;
  readonly updated?: string;
  readonly waitingReason?: string;
  /** What its steps ask people for; this API's own. */
  readonly inputRequests?: readonly InputRequest[];
}

/** A question of a step of a job. */
export interface InputRequest {
  /** Key of the step. */
  readonly task: string;
  readonly message?: string;
  readonly schema: Schema;
}

/** One line of a job's log; this API's own, other servers have none. */
export interface LogLine {
  readonly time?: string;
  readonly level?: string;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** A list answered in pages. */
export interface Page {
  readonly links?: readonly DocumentLink[];
}

/** The id of a job, under the name of either version of the standard. */
export function jobIdOf(info: StatusInfo): string {
  return info.jobID ?? info.id ?? '';
}

/** The id at the end of the URL of a job. */
export function jobIdOfUrl(url: string): string | undefined {
  const id = /\/jobs\/([^/?#]+)\/?(?:[?#]|$)/.exec(url)?.[1];
  try {
    return id && decodeURIComponent(id);
  } catch {
    return id;
  }
}

/** Whether the status of a job will not change any more. */
export function hasEnded({ status }: StatusInfo): boolean {
  return ['successful', 'failed', 'dismissed'].includes(status);
}
