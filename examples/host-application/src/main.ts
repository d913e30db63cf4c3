import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Settings } from 'sluice';
import { AppModule } from './app.module.js';

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter());
// Everything is below /ogc, except the routes that this application had before.
app.setGlobalPrefix('ogc', { exclude: ['stations', 'stations/:id'] });
// On SIGTERM, running jobs get SHUTDOWN_GRACE to end and are handed back to the queue otherwise.
app.enableShutdownHooks();
const { PORT, HOST } = app.get(Settings);
await app.listen(PORT, HOST);
console.log(`The host application listens on ${await app.getUrl()}`);
