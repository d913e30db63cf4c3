import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { OgcModule } from '../../ogc/ogc.module.js';
import { HealthController } from './health.controller.js';
import { ReadinessService } from './readiness.service.js';

/** `/health/live` and `/health/ready`; checks are found wherever they are provided. */
@Module({ imports: [DiscoveryModule, OgcModule], controllers: [HealthController], providers: [ReadinessService] })
export class HealthModule {}
