import type { Client } from './client.js';

interface Kind {
  readonly path: string;
  readonly list: string;
  make(client: Client): Promise<Response>;
}

const job = (processId: string, inputs: object): Kind => ({
  path: '/jobs',
  list: 'jobs',
  make: (client) => client.execute(processId, { inputs }, { prefer: 'respond-async' }),
});
const post = (client: Client, path: string, body: object) =>
  client.fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

const KINDS: Readonly<Record<string, Kind>> = {
  '@echo@': job('echo', { stringInput: 'x', arrayInput: [1, 2] }),
  '@hello@': job('hello-world', { name: 'x' }),
  '@flow@': job('simple-flow', { name: 'x' }),
  '@subscription@': {
    path: '/subscriptions',
    list: 'subscriptions',
    make: (client) => post(client, '/subscriptions', { url: 'https://example.invalid/x', events: ['crashed'] }),
  },
  '@upload@': {
    path: '/uploads',
    list: 'uploads',
    make: (client) => client.fetch('/uploads', { method: 'POST', body: 'content' }),
  },
  '@partial@': {
    path: '/uploads',
    list: 'uploads',
    make: (client) =>
      client.fetch('/uploads', { method: 'POST', headers: { 'tus-resumable': '1.0.0', 'upload-length': '10' } }),
  },
};

/** Resources of a service under names that stay, however often they are deleted and made anew. */
export class RenewedResources {
  /** Path parameters, in lower case, and the names of what may stand for them. */
  static readonly IDS: Readonly<Record<string, readonly string[]>> = {
    jobid: ['@echo@', '@hello@', '@flow@'],
    subscriptionid: ['@subscription@'],
    uploadid: ['@upload@', '@partial@'],
    type: ['json'],
    name: ['limits', 'limits', 'swagger-ui.css'],
    outputid: ['stringInput', 'arrayInput', 'result'],
    n: ['0', '1', '-1', '9'],
  };

  private readonly ids = new Map<string, string>();

  constructor(private readonly client: Client) {}

  /** Text with the ids of today in the place of the names. */
  named(text: string): string {
    return text.replace(/@[a-z]+@/g, (name) => this.ids.get(name) ?? name);
  }

  /**
   * Makes those that are not there.
   * @throws Error when one can neither be made nor found
   */
  async renew(): Promise<void> {
    const block = await this.client.get('/blocks/json/limits');
    if (block.status === 404)
      await post(this.client, '/blocks', { type: 'json', name: 'limits', values: { value: 1 } });
    for (const [name, kind] of Object.entries(KINDS)) {
      const id = this.ids.get(name);
      if (id !== undefined && (await this.client.get(`${kind.path}/${id}`)).status === 200) continue;
      this.ids.set(name, await this.made(kind));
    }
  }

  private async made(kind: Kind): Promise<string> {
    const response = await kind.make(this.client);
    const id = response.headers.get('location')?.split('/').at(-1);
    if (response.status === 201 && id !== undefined) return id;
    const text = await response.text();
    // A limit is reached by the requests; what they made serves as well.
    const page = response.status === 409 ? await this.client.getJson<Record<string, { id: string }[]>>(kind.path) : {};
    const found = page[kind.list]?.[0]?.id;
    if (found === undefined) throw new Error(`POST ${kind.path}: ${response.status} ${text}`);
    return found;
  }
}
