import { CliError } from '../cli-error.js';
import { ExitCode } from '../exit-code.js';

/** A problem document (RFC 9457), or what is known of an answer that holds none. */
export interface ProblemDocument {
  readonly type?: string;
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly instance?: string;
  readonly errors?: readonly { readonly pointer?: string; readonly detail?: string }[];
}

/** The server refused, or failed: its answer with a status of 400 or above. */
export class ServerProblem extends CliError {
  constructor(
    readonly status: number,
    readonly problem: ProblemDocument,
    /** Seconds of a `Retry-After` header. */
    readonly retryAfter?: number,
    /** The job that an execution left although it failed (`Link: rel=monitor`). */
    readonly jobId?: string,
  ) {
    super(describeProblem(problem), ExitCode.problem, adviceFor(status), { problem });
  }
}

/**
 * Reads a problem out of the body of an answer. Other servers send other documents than RFC 9457 asks for; of these
 * `code` and `description` (OGC API before problem details) are understood.
 */
export function readProblem(status: number, statusText: string, body: string): ProblemDocument {
  const fallback = { status, title: `HTTP ${status} ${statusText}`.trim() };
  try {
    const parsed = JSON.parse(body) as Record<string, unknown> | null;
    if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) return fallback;
    const { code, description, ...problem } = parsed;
    return {
      ...fallback,
      ...(typeof code === 'string' && { title: code }),
      ...(typeof description === 'string' && { detail: description }),
      ...problem,
    };
  } catch {
    return fallback;
  }
}

/** A problem in lines for people: title and status, the detail, every single error with its place. */
export function describeProblem(problem: ProblemDocument): string {
  const { title, status, detail, instance, errors } = problem;
  const head = title === undefined || status === undefined || title.includes(String(status));
  return [
    head ? (title ?? problem.type ?? 'The server reports a problem') : `${title} (${status})`,
    ...(detail === undefined ? [] : [`  ${String(detail)}`]),
    ...(Array.isArray(errors) ? errors : []).map(
      (error: { pointer?: string; detail?: string }) =>
        `  - ${[error.pointer, error.detail ?? JSON.stringify(error)].filter(Boolean).join(': ')}`,
    ),
    ...(instance === undefined || (status ?? 0) < 500 ? [] : [`  In the log of the server: ${instance}`]),
  ].join('\n');
}

function adviceFor(status: number): string | undefined {
  if (status === 401 || status === 403) return "Send credentials with -H 'Name: value', or set SLUICE_HEADERS.";
  return undefined;
}
