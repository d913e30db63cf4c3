import { buffer } from '@turf/buffer';
import type { Geometry, MultiPolygon, Polygon, Position } from 'geojson';
import { ProcessRejection } from '../../process-rejection.js';

/** Degrees of longitude; two neighbours that are farther apart lie on two sides of the antimeridian. */
const HALF_WAY_ROUND = 180;

/** How far a buffer reaches, and how round it is. */
export interface BufferOptions {
  /** In metres. */
  readonly distance: number;
  /** Segments of a quarter circle. */
  readonly steps: number;
}

/**
 * The area around a geometry; nothing when a negative distance, or an empty geometry, leaves none.
 * @throws ProcessRejection for positions that there are none of, and for an area that would have to be cut
 */
export function bufferGeometry(geometry: Geometry, options: BufferOptions): Geometry | undefined {
  if (geometry.type === 'GeometryCollection') {
    const geometries = geometry.geometries.flatMap((member) => bufferGeometry(member, options) ?? []);
    return geometries.length > 0 ? { type: 'GeometryCollection', geometries } : undefined;
  }
  const { coordinates } = geometry;
  if (isEmpty(coordinates)) return undefined;
  requireOnEarth(coordinates);
  const area = buffer(geometry, options.distance, { units: 'meters', steps: options.steps })?.geometry;
  if (!area || isEmpty(area.coordinates)) return undefined;
  if (widestEdge(area.coordinates) > HALF_WAY_ROUND && widestEdge(coordinates) <= HALF_WAY_ROUND) {
    const detail = 'The area would cross the antimeridian or contain a pole, and this process does not cut areas';
    throw new ProcessRejection(`${detail} (RFC 7946, section 3.1.9).`, 'geometry');
  }
  return rightHanded(area);
}

/** What a position, a line of positions, or whatever is made of lines consists of. */
type Coordinates = Position | Coordinates[];

function isPosition(coordinates: Coordinates): coordinates is Position {
  return typeof coordinates[0] === 'number';
}

/** @throws ProcessRejection */
function requireOnEarth(coordinates: Coordinates): void {
  if (!isPosition(coordinates)) return coordinates.forEach(requireOnEarth);
  const [longitude, latitude] = coordinates;
  if (Math.abs(longitude) <= HALF_WAY_ROUND && Math.abs(latitude) <= 90) return;
  throw new ProcessRejection(
    `There is no position [${coordinates.join(', ')}]: longitudes are -180 to 180, latitudes -90 to 90 degrees.`,
    'geometry',
  );
}

/** Degrees of longitude between neighbours of a line, the most there are anywhere. */
function widestEdge(coordinates: Coordinates): number {
  if (isPosition(coordinates)) return 0;
  return coordinates.reduce((widest: number, one, index) => {
    const before = coordinates[index - 1];
    const edge = isPosition(one) && index > 0 ? Math.abs(one[0] - (before as Position)[0]) : widestEdge(one);
    return Math.max(widest, edge);
  }, 0);
}

function isEmpty(coordinates: unknown[]): boolean {
  return coordinates.length === 0 || coordinates.every((inner) => Array.isArray(inner) && isEmpty(inner));
}

/** Exterior rings counterclockwise, holes clockwise (RFC 7946, section 3.1.6); the library winds them the other way. */
function rightHanded(area: Polygon | MultiPolygon): Polygon | MultiPolygon {
  return area.type === 'Polygon'
    ? { type: 'Polygon', coordinates: windPolygon(area.coordinates) }
    : { type: 'MultiPolygon', coordinates: area.coordinates.map(windPolygon) };
}

function windPolygon(rings: Position[][]): Position[][] {
  return rings.map((ring, index) => (isClockwise(ring) === (index === 0) ? [...ring].reverse() : ring));
}

function isClockwise(ring: Position[]): boolean {
  let doubleArea = 0;
  for (let index = 1; index < ring.length; index++) {
    const [x1, y1] = ring[index - 1] as [number, number];
    const [x2, y2] = ring[index] as [number, number];
    doubleArea += (x2 - x1) * (y2 + y1);
  }
  return doubleArea > 0;
}
