import { Module } from '@nestjs/common';
import { IsInt, IsNumber, Max, Min } from 'class-validator';
import { Input, type JobContext, Output, Process, type ProcessHandler, ProcessRejection } from 'sluice';
import { ElevationModel } from './elevation-model.js';

export class ElevationInputs {
  @Input({ title: 'Longitude', description: 'Degrees east' })
  @IsNumber()
  @Min(-180)
  @Max(180)
  longitude!: number;

  @Input({ title: 'Latitude', description: 'Degrees north' })
  @IsNumber()
  @Min(-90)
  @Max(90)
  latitude!: number;
}

export class ElevationOutputs {
  @Output({ title: 'Elevation', description: 'Metres above the sea' })
  @IsNumber()
  elevation!: number;
}

/** So short that it runs in the event loop of the application, and leaves no job when it is asked synchronously. */
@Process({
  id: 'elevation',
  version: '1.0.0',
  title: 'Elevation of a position',
  inputs: ElevationInputs,
  outputs: ElevationOutputs,
  isolation: 'inline',
  syncJobs: false,
})
export class Elevation implements ProcessHandler<ElevationInputs, ElevationOutputs> {
  constructor(private readonly elevations: ElevationModel) {}

  execute(position: ElevationInputs): ElevationOutputs {
    const elevation = this.elevations.at(position);
    if (elevation === undefined) throw new ProcessRejection('The position is outside of the model.', 'longitude');
    return { elevation };
  }
}

export class ProfileInputs {
  @Input({ title: 'Latitude', description: 'Degrees north of the line from west to east' })
  @IsNumber()
  latitude!: number;

  @Input({ title: 'Samples', description: 'Number of heights along the line' })
  @IsInt()
  @Min(2)
  @Max(10_000)
  samples = 7;
}

export class ProfileOutputs {
  @Output({ title: 'Heights', description: 'Metres, from west to east' })
  @IsNumber({}, { each: true })
  heights!: number[];
}

/** Runs in an executor: a child process that loads this file, and nothing else of the application. */
@Process({
  id: 'elevation-profile',
  version: '1.0.0',
  title: 'Elevation along a line from west to east',
  inputs: ProfileInputs,
  outputs: ProfileOutputs,
})
export class ElevationProfile implements ProcessHandler<ProfileInputs, ProfileOutputs> {
  constructor(private readonly elevations: ElevationModel) {}

  execute({ latitude, samples }: ProfileInputs, context: JobContext): ProfileOutputs {
    const heights: number[] = [];
    for (let sample = 0; sample < samples; sample++) {
      context.signal.throwIfAborted();
      const height = this.elevations.at({ latitude, longitude: 7 + (3 * sample) / (samples - 1) });
      if (height === undefined) throw new ProcessRejection('The line is outside of the model.', 'latitude');
      heights.push(height);
      context.progress((100 * (sample + 1)) / samples);
    }
    context.logger.info('Profile made', { samples, highest: Math.max(...heights) });
    return { heights };
  }
}

/** The processes, with all they have injected. The application imports this module as well, for its own routes. */
@Module({ providers: [ElevationModel, Elevation, ElevationProfile], exports: [ElevationModel] })
export class TerrainModule {}
