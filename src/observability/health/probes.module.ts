import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ProbeServer } from './probe-server.js';
import { ReadinessService } from './readiness.service.js';

/** `/health/live` and `/health/ready` of a process that has no API. */
@Module({ imports: [DiscoveryModule], providers: [ReadinessService, ProbeServer] })
export class ProbesModule {}
