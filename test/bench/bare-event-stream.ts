import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';

// The baseline of event streams: a route that keeps its readers, and writes each of them the same ready-made event.
const readers = new Set<ServerResponse>();
const server = Fastify();
server.get('/', (_, reply) => {
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
  reply.raw.write('id: 1\nevent: accepted\ndata: {}\n\n');
  readers.add(reply.raw);
});
process.on('message', (id: number) => {
  const event = `id: ${id}\nevent: progress\ndata: {"seq":${id},"type":"progress","data":{"progress":50}}\n\n`;
  for (const reader of readers) reader.write(event);
});
await server.listen({ port: 0, host: '127.0.0.1' });
process.send?.((server.server.address() as AddressInfo).port);
