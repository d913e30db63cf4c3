import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';

// The baseline of synchronous execution: the least a POST route of the same HTTP server can do with the same body.
const server = Fastify();
server.post<{ Body: { inputs: { name: string } } }>('/', (request) => ({ done: request.body.inputs.name }));
await server.listen({ port: 0, host: '127.0.0.1' });
process.send?.((server.server.address() as AddressInfo).port);
