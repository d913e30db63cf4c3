import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { compare } from './load.js';
import type { Measurement } from './measurement.js';

const CONNECTIONS = 10;
const SECONDS = 2;

/** The documents clients read first, beside a bare route that sends as many ready-made bytes. */
export async function measureDocuments(base: string): Promise<Measurement[]> {
  const bare = fork(fileURLToPath(new URL('./bare-fastify.js', import.meta.url)));
  const [port] = (await once(bare, 'message')) as [number];
  const documents = [
    ['the OpenAPI document', `${base}/api?f=json`],
    ['a process description', `${base}/processes/echo`],
  ];
  const measurements: Measurement[] = [];
  for (const [name, url] of documents) {
    const size = (await (await fetch(url)).arrayBuffer()).byteLength;
    const bytes = { url: `http://127.0.0.1:${port}/bytes/${size}` };
    const [plain, document] = await compare([bytes, { url }], CONNECTIONS, SECONDS);
    measurements.push({
      name: `${name}, ${Math.round(size / 1024)} KiB: ${CONNECTIONS} connections`,
      unit: 'requests/s',
      value: document.rate,
      baseline: { name: 'bare Fastify GET of as many bytes', value: plain.rate },
    });
  }
  bare.kill();
  return measurements;
}
