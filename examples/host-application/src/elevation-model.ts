import { Injectable } from '@nestjs/common';

/** Heights in metres on a grid of whole degrees, row by row from latitude 46, column by column from longitude 7. */
const HEIGHTS = [
  [480, 1_640, 2_210, 890],
  [530, 1_120, 1_980, 760],
  [410, 620, 1_050, 510],
];
const SOUTH = 46;
const WEST = 7;

export interface Position {
  longitude: number;
  latitude: number;
}

/** What both the application's own routes and its processes ask for heights. */
@Injectable()
export class ElevationModel {
  /** @returns the height in metres, interpolated; nothing outside of the grid */
  at({ longitude, latitude }: Position): number | undefined {
    const row = latitude - SOUTH;
    const column = longitude - WEST;
    if (row < 0 || column < 0 || row > HEIGHTS.length - 1 || column > HEIGHTS[0].length - 1) return undefined;
    const [south, north] = [Math.floor(row), Math.ceil(row)].map((line) => between(HEIGHTS[line], column));
    return between([south, north], row - Math.floor(row));
  }
}

function between(values: readonly number[], place: number): number {
  const before = Math.floor(place);
  const share = place - before;
  return values[before] * (1 - share) + (values[before + 1] ?? 0) * share;
}
