import { eventually } from './backends.js';
import { OpenApiContract } from './openapi-contract.js';

/** A status document, as far as tests look at it. */
export interface JobStatus {
  readonly jobID: string;
  readonly status: 'accepted' | 'running' | 'successful' | 'failed' | 'dismissed';
  readonly state: { readonly type: string; readonly name: string };
  readonly message?: string;
  readonly progress?: number;
}

/** Speaks OGC API - Processes to a running service, and holds every response to the service's OpenAPI document. */
export class Client {
  private contract: OpenApiContract | undefined;

  constructor(readonly base: string) {}

  /**
   * Any request; the others go through it.
   * @throws Error when the response is not as the OpenAPI document of the service says
   */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(this.base + path, init);
    this.contract ??= await OpenApiContract.of(this.base);
    const fault = await this.contract?.faultOf(init.method ?? 'GET', path, response);
    if (fault !== undefined) throw new Error(fault);
    return response;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.fetch(path, { headers });
  }

  async getJson<T = Record<string, unknown>>(path: string): Promise<T> {
    const response = await this.get(path);
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  execute(processId: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return this.fetch(`/processes/${processId}/execution`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  /** Executes asynchronously. @returns the id of the job */
  async submit(processId: string, inputs: Record<string, unknown>): Promise<string> {
    return (await this.submitted(processId, inputs)).jobID;
  }

  /** The job as the answer to its submission says it. */
  async submitted(processId: string, inputs: Record<string, unknown>): Promise<JobStatus> {
    const response = await this.execute(processId, { inputs }, { prefer: 'respond-async' });
    if (response.status !== 201) throw new Error(`execute ${processId}: ${response.status} ${await response.text()}`);
    return (await response.json()) as JobStatus;
  }

  status(jobId: string): Promise<JobStatus> {
    return this.getJson<JobStatus>(`/jobs/${jobId}`);
  }

  dismiss(jobId: string): Promise<Response> {
    return this.fetch(`/jobs/${jobId}`, { method: 'DELETE' });
  }

  /** Waits until the job is in one of the given statuses; a passing outage of the API is waited out. */
  async until(jobId: string, statuses: readonly JobStatus['status'][], patience?: number): Promise<JobStatus> {
    const look = async () => {
      const status = await this.status(jobId).catch(() => undefined);
      return status !== undefined && statuses.includes(status.status) ? status : undefined;
    };
    return await eventually(look, `job ${jobId} is ${statuses.join(' or ')}`, patience);
  }

  /** Waits for the end of a job. */
  ended(jobId: string, patience?: number): Promise<JobStatus> {
    return this.until(jobId, ['successful', 'failed', 'dismissed'], patience);
  }
}
