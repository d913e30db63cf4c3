import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { Client } from '../harness/client.js';
import { Service } from '../harness/service.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

const data = temporaryDirectory('own-processes');

describe('a process published through PROCESS_MODULES (examples/own-processes)', () => {
  let service: Service;
  let api: Client;

  beforeAll(async () => {
    execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'examples/own-processes']);
    service = await Service.start({
      DATA_DIR: data.path,
      PROCESS_MODULES: 'examples/own-processes/dist/rectangle.processes.js',
    });
    api = new Client(service.url());
  }, 180_000);

  afterAll(async () => {
    await service?.stop();
    data.remove();
  }, 60_000);

  it('is described from its DTO classes, beside the built-in processes', async () => {
    const { processes } = await api.getJson<{ processes: { id: string }[] }>('/processes?limit=100');
    expect(processes.map(({ id }) => id)).toEqual(expect.arrayContaining(['echo', 'rectangle']));
    const { inputs } = await api.getJson<{ inputs: Record<string, object> }>('/processes/rectangle');
    expect(inputs.width).toMatchObject({ schema: { type: 'number', minimum: 0, exclusiveMinimum: true } });
    expect(inputs.height).toMatchObject({ minOccurs: 0, schema: { default: 1 } });
  });

  it('returns its value and its file', async () => {
    const response = await api.execute('rectangle', { inputs: { width: 3 }, response: 'document' });
    expect(response.status).toBe(200);
    const { area, drawing } = (await response.json()) as { area: unknown; drawing: unknown };
    expect(area).toBe(3);
    expect(JSON.stringify(drawing)).toContain('viewBox=\\"0 0 3 1\\"');
  });

  it('says every violation of its schema', async () => {
    const response = await api.execute('rectangle', { inputs: { width: 0, height: 'tall' } });
    expect(response.status).toBe(400);
    const { errors } = (await response.json()) as { errors: { pointer: string }[] };
    expect(errors.map(({ pointer }) => pointer).sort()).toEqual(['/inputs/height', '/inputs/width']);
  });
});
