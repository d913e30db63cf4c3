import { Module } from '@nestjs/common';
import { SluiceModule } from 'sluice';
import { StationsController } from './stations.controller.js';
import { TerrainModule } from './terrain.processes.js';

@Module({
  imports: [
    TerrainModule,
    SluiceModule.forRoot({
      settings: { JOB_TIMEOUT: '1m' },
      processModules: [new URL('./terrain.processes.js', import.meta.url)],
      catalog: false,
    }),
  ],
  controllers: [StationsController],
})
export class AppModule {}
