// The base map: land, coasts, borders, names of countries, seas and large ports, as one PMTiles
// file. Natural Earth (public domain) out of the package world-atlas; no network.
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import geojsonvt from "geojson-vt";
import { zxyToTileId } from "pmtiles";
import { feature, mesh } from "topojson-client";
import vtpbf from "vt-pbf";
import { writeArchive } from "./pmtiles.mjs";

const MAX_ZOOM = 6;
const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "public", "basemap.pmtiles");
const require = createRequire(import.meta.url);
const atlas = (name) => JSON.parse(readFileSync(require.resolve(`world-atlas/${name}.json`), "utf8"));
const named = (file) => JSON.parse(readFileSync(join(here, file), "utf8"));

const fine = atlas("countries-10m");
const layers = {
  land: { type: "FeatureCollection", features: parts(feature(fine, fine.objects.land)) },
  coast: lines(mesh(fine, fine.objects.countries, (a, b) => a === b)),
  border: lines(mesh(fine, fine.objects.countries, (a, b) => a !== b)),
  country: points(feature(fine, fine.objects.countries).features.map(countryLabel)),
  sea: points(named("seas.json").map(([name, lat, lon, zoom]) => ({ name, lat, lon, zoom }))),
  port: points(named("ports.json").map(([name, lat, lon, zoom]) => ({ name, lat, lon, zoom }))),
};

/** Each polygon on its own, with longitudes that run on over 180 degrees (the package has none cut
 * there); the one around the pole is closed along the edge of the map. */
function parts(collection) {
  return collection.features
    .flatMap(({ geometry }) => (geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates))
    .map((rings) => ({
      type: "Feature",
      properties: {},
      geometry: { type: "Polygon", coordinates: rings.map(unwrapRing) },
    }));
}

function unwrapRing(ring) {
  const line = unwrap(ring);
  const [first, last] = [line[0], line.at(-1)];
  if (Math.abs(first[0] - last[0]) < 1) return line;
  return [...line, [last[0], -89.99], [first[0], -89.99], first];
}

function unwrap(line) {
  let before = line[0][0];
  return line.map(([lon, lat]) => {
    before = lon + 360 * Math.round((before - lon) / 360);
    return [before, lat];
  });
}

function points(labels) {
  const features = labels.map(({ name, lat, lon, zoom }) => ({
    type: "Feature",
    properties: { name, zoom },
    geometry: { type: "Point", coordinates: [lon, lat] },
  }));
  return { type: "FeatureCollection", features };
}

function lines({ coordinates }) {
  const geometry = { type: "MultiLineString", coordinates: coordinates.map(unwrap) };
  return { type: "Feature", properties: {}, geometry };
}

/** The name in the middle of the country's largest part; larger countries earlier. */
function countryLabel({ properties, geometry }) {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  const sized = polygons.map(([ring]) => centroid(ring)).sort((a, b) => b.area - a.area);
  const { lat, lon, area } = sized[0];
  const zoom = area > 150 ? 1 : area > 30 ? 2 : area > 5 ? 3 : area > 0.5 ? 4 : 5;
  return { name: properties.name, lat, lon, zoom };
}

function centroid(ring) {
  let [twice, x, y] = [0, 0, 0];
  for (let i = 1; i < ring.length; i += 1) {
    const cross = ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
    twice += cross;
    x += (ring[i - 1][0] + ring[i][0]) * cross;
    y += (ring[i - 1][1] + ring[i][1]) * cross;
  }
  const lat = y / (3 * twice);
  return { lon: x / (3 * twice), lat, area: Math.abs(twice / 2) * Math.cos((lat * Math.PI) / 180) };
}

const indexes = Object.entries(layers).map(([name, data]) => {
  const options = { maxZoom: MAX_ZOOM, indexMaxZoom: 4, tolerance: 3, buffer: 64, extent: 4096 };
  return [name, geojsonvt(data, options)];
});

const tiles = [];
for (let z = 0; z <= MAX_ZOOM; z += 1) {
  for (let x = 0; x < 2 ** z; x += 1) {
    for (let y = 0; y < 2 ** z; y += 1) {
      const found = {};
      for (const [name, index] of indexes) {
        const tile = index.getTile(z, x, y);
        if (tile?.features.length) found[name] = tile;
      }
      if (!Object.keys(found).length) continue;
      const data = Buffer.from(vtpbf.fromGeojsonVt(found, { version: 2 }));
      tiles.push({ id: zxyToTileId(z, x, y), data });
    }
  }
}
tiles.sort((a, b) => a.id - b.id);
const vector_layers = Object.keys(layers).map((id) => ({ id, fields: {}, minzoom: 0, maxzoom: MAX_ZOOM }));
const metadata = { name: "Fairlead base map", attribution: "Natural Earth", vector_layers };
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, writeArchive(tiles, metadata, { minZoom: 0, maxZoom: MAX_ZOOM }));
console.log(`basemap.pmtiles: ${tiles.length} tiles, ${(statSync(out).size / 2 ** 20).toFixed(1)} MiB`);
