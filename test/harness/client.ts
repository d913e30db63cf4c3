import { eventually } from './backends.js';

/** A status document, as far as tests look at it. */
export interface JobStatus {
  readonly jobID: string;
  readonly status: 'accepted' | 'running' | 'successful' | 'failed' | 'dismissed';
  readonly state: { readonly type: string; readonly name: string };
  readonly message?: string;
  readonly progress?: number;
}

/** Speaks OGC API - Processes to a running service. */
export class Client {
  constructor(readonly base: string) {}

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.base + path, { headers });
  }

  async getJson<T = Record<string, unknown>>(path: string): Promise<T> {
    const response = await this.get(path);
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  execute(processId: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.base}/processes/${processId}/execution`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  /** Executes asynchronously. @returns the id of the job */
  async submit(processId: string, inputs: Record<string, unknown>): Promise<string> {
    const response = await this.execute(processId, { inputs }, { prefer: 'respond-async' });
    if (response.status !== 201) throw new Error(`execute ${processId}: ${response.status} ${await response.text()}`);
    return ((await response.json()) as JobStatus).jobID;
  }

  status(jobId: string): Promise<JobStatus> {
    return this.getJson<JobStatus>(`/jobs/${jobId}`);
  }

  dismiss(jobId: string): Promise<Response> {
    return fetch(`${this.base}/jobs/${jobId}`, { method: 'DELETE' });
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
