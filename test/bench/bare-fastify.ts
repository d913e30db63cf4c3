import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';

// The baseline of synchronous execution: the least a POST route of the same HTTP server can do with the same body.
const server = Fastify();
server.post<{ Body: { inputs: { name: string } } }>('/', (request) => ({ done: request.body.inputs.name }));
// The baseline of documents: as many bytes as asked for, ready made.
const bytes = Buffer.alloc(1024 ** 2, 'x');
server.get<{ Params: { count: string } }>('/bytes/:count', (request, reply) =>
  reply.type('application/json').send(bytes.subarray(0, Number(request.params.count))),
);
await server.listen({ port: 0, host: '127.0.0.1' });
process.send?.((server.server.address() as AddressInfo).port);
