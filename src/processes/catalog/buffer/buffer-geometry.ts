import { buffer } from '@turf/buffer';
import type { Geometry, MultiPolygon, Polygon, Position } from 'geojson';

/** How far a buffer reaches, and how round it is. */
export interface BufferOptions {
  /** In metres. */
  readonly distance: number;
  /** Segments of a quarter circle. */
  readonly steps: number;
}

/** The area around a geometry; nothing when a negative distance, or an empty geometry, leaves none. */
export function bufferGeometry(geometry: Geometry, options: BufferOptions): Geometry | undefined {
  if (geometry.type === 'GeometryCollection') {
    const geometries = geometry.geometries.flatMap((member) => bufferGeometry(member, options) ?? []);
    return geometries.length > 0 ? { type: 'GeometryCollection', geometries } : undefined;
  }
  if (isEmpty(geometry.coordinates)) return undefined;
  const area = buffer(geometry, options.distance, { units: 'meters', steps: options.steps })?.geometry;
  return area && !isEmpty(area.coordinates) ? rightHanded(area) : undefined;
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
