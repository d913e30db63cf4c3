import { isJsonObject } from '../../ogc/json-object.js';
import type { OgcFormat } from '../schema/ogc-formats.js';
import { isNumbers, MOST_FAULTS } from './structure-fault.js';
import type { StructureFault } from './structure-fault.js';

/** Levels of arrays above a position, by geometry type (RFC 7946, section 3.1). */
const NESTING: Readonly<Record<string, number>> = {
  Point: 0,
  MultiPoint: 1,
  LineString: 1,
  MultiLineString: 2,
  Polygon: 2,
  MultiPolygon: 3,
};

/** Checks GeoJSON by the rules of RFC 7946. The caller has bounded the depth of the value. */
export function geojsonFaults(format: Exclude<OgcFormat, 'ogc-bbox'>, value: unknown): StructureFault[] {
  const check = new GeojsonCheck();
  if (format === 'geojson-geometry') check.geometry(value, '');
  else if (format === 'geojson-feature') check.feature(value, '');
  else check.featureCollection(value, '');
  return check.faults;
}

class GeojsonCheck {
  readonly faults: StructureFault[] = [];

  featureCollection(value: unknown, path: string): void {
    if (!this.typed(value, ['FeatureCollection'], path)) return;
    const { features } = value;
    if (!Array.isArray(features)) return this.fault(`${path}/features`, 'Expected an array of features.');
    this.each(features, `${path}/features`, (feature, at) => this.feature(feature, at));
  }

  feature(value: unknown, path: string): void {
    if (!this.typed(value, ['Feature'], path)) return;
    const { geometry, properties, id } = value;
    if (geometry !== null) this.geometry(geometry, `${path}/geometry`);
    if (properties !== null && !isJsonObject(properties))
      this.fault(`${path}/properties`, 'Expected an object or null.');
    if (id !== undefined && typeof id !== 'string' && typeof id !== 'number') {
      this.fault(`${path}/id`, 'Expected a string or a number.');
    }
  }

  geometry(value: unknown, path: string): void {
    if (!this.typed(value, [...Object.keys(NESTING), 'GeometryCollection'], path)) return;
    const { type, geometries, coordinates } = value;
    if (type !== 'GeometryCollection') return this.coordinates(String(type), coordinates, `${path}/coordinates`);
    if (!Array.isArray(geometries)) return this.fault(`${path}/geometries`, 'Expected an array of geometries.');
    this.each(geometries, `${path}/geometries`, (geometry, at) => this.geometry(geometry, at));
  }

  private coordinates(type: string, value: unknown, path: string): void {
    const nesting = NESTING[type];
    this.nested(value, nesting, path, (array, at, levels) => {
      if (levels !== 1) return;
      if (type.endsWith('LineString') && array.length < 2) this.fault(at, 'Expected a line of at least two positions.');
      if (type.endsWith('Polygon')) this.ring(array, at);
    });
  }

  /** Walks `levels` of arrays down to positions; `visit` sees an array after everything inside it was found sound. */
  private nested(
    value: unknown,
    levels: number,
    path: string,
    visit: (array: unknown[], path: string, levels: number) => void,
  ): void {
    if (levels === 0) return this.position(value, path);
    if (!Array.isArray(value)) {
      return this.fault(
        path,
        levels === 1 ? 'Expected an array of positions.' : 'Expected nested arrays of positions.',
      );
    }
    const before = this.faults.length;
    if (levels === 1) this.positions(value, path);
    else this.each(value, path, (item, at) => this.nested(item, levels - 1, at, visit));
    if (this.faults.length === before) visit(value, path, levels);
  }

  private positions(items: unknown[], path: string): void {
    // Apart from `each`, since a path for every sound position of a large geometry would cost more than the check.
    for (let index = 0; index < items.length && this.faults.length < MOST_FAULTS; index++) {
      if (!isPosition(items[index])) this.position(items[index], `${path}/${index}`);
    }
  }

  private position(value: unknown, path: string): void {
    if (!isPosition(value)) {
      this.fault(path, 'Expected a position: longitude, latitude, and optionally a height, as numbers.');
    }
  }

  private ring(positions: unknown[], path: string): void {
    if (positions.length < 4) return this.fault(path, 'Expected a ring of at least four positions.');
    const first = positions[0] as number[];
    const last = positions.at(-1) as number[];
    if (first.length !== last.length || first.some((number, axis) => number !== last[axis])) {
      this.fault(path, 'Expected a closed ring, whose last position equals the first.');
    }
  }

  private typed(value: unknown, types: string[], path: string): value is Record<string, unknown> {
    if (!isJsonObject(value)) {
      this.fault(path, `Expected a GeoJSON object of type ${types.join(', ')}.`);
      return false;
    }
    if (typeof value.type !== 'string' || !types.includes(value.type)) {
      this.fault(`${path}/type`, `Expected ${types.length > 1 ? `one of ${types.join(', ')}` : types[0]}.`);
      return false;
    }
    if (value.bbox !== undefined && !(isNumbers(value.bbox) && (value.bbox.length === 4 || value.bbox.length === 6))) {
      this.fault(`${path}/bbox`, 'Expected four or six numbers.');
    }
    return true;
  }

  private each(items: unknown[], path: string, check: (item: unknown, path: string) => void): void {
    for (let index = 0; index < items.length && this.faults.length < MOST_FAULTS; index++) {
      check(items[index], `${path}/${index}`);
    }
  }

  private fault(path: string, detail: string): void {
    this.faults.push({ path, detail });
  }
}

function isPosition(value: unknown): value is number[] {
  return isNumbers(value) && value.length >= 2;
}
