import { join, resolve } from 'node:path';
import { Client } from './client.js';
import { Service } from './service.js';
import { temporaryDirectory } from './temporary-directory.js';

/** Publishes the processes of test/fixtures/probe-processes.mjs. */
export const PROBES = { PROCESS_MODULES: resolve('test/fixtures/probe-processes.mjs') };

/** The service of one spec, with a directory that goes when it stops. */
export class OwnService {
  private readonly directory;
  private service: Service | undefined;

  /** @param settings beside DATA_DIR */
  constructor(
    name: string,
    private readonly settings: Record<string, string> = {},
  ) {
    this.directory = temporaryDirectory(name);
  }

  /** DATA_DIR */
  get data(): string {
    return join(this.directory.path, 'data');
  }

  get process(): Service {
    if (this.service === undefined) throw new Error('the service has not been started');
    return this.service;
  }

  /** A path beside DATA_DIR, for files of the spec. */
  path(name: string): string {
    return join(this.directory.path, name);
  }

  /** Starts it. @returns a client of it */
  async start(): Promise<Client> {
    this.service = await Service.start({ DATA_DIR: this.data, ...this.settings });
    return new Client(this.service.url());
  }

  async stop(): Promise<void> {
    await this.service?.stop();
    this.directory.remove();
  }
}
