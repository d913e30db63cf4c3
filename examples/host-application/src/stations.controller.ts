import { Controller, Get, NotFoundException, Param } from '@nestjs/common';
import { ElevationModel } from './elevation-model.js';

const STATIONS = [
  { id: 'pass', longitude: 8.5, latitude: 46.5 },
  { id: 'valley', longitude: 7, latitude: 48 },
];

/** A route that has nothing to do with processes. */
@Controller('stations')
export class StationsController {
  constructor(private readonly elevations: ElevationModel) {}

  @Get()
  list() {
    return STATIONS.map((station) => ({ ...station, elevation: this.elevations.at(station) }));
  }

  @Get(':id')
  one(@Param('id') id: string) {
    const station = this.list().find((candidate) => candidate.id === id);
    if (station === undefined) throw new NotFoundException(`There is no station ${id}.`);
    return station;
  }
}
