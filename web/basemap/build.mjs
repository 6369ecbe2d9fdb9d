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
  land: { type: "FeatureCollection", features: [feature(fine, fine.objects.land)].flatMap(parts) },
  coast: lines(mesh(fine, fine.objects.countries, (a, b) => a === b)),
  border: lines(mesh(fine, fine.objects.countries, (a, b) => a !== b)),
  country: points(feature(fine, fine.objects.countries).features.map(countryLabel)),
  sea: points(named("seas.json").map(([name, lat, lon, zoom]) => ({ name, lat, lon, zoom }))),
  port: points(named("ports.json").map(([name, lat, lon, zoom]) => ({ name, lat, lon, zoom }))),
};

function parts(collection) {
  return collection.type === "FeatureCollection" ? collection.features : [collection];
}

function points(labels) {
  const features = labels.map(({ name, lat, lon, zoom }) => ({
    type: "Feature",
    properties: { name, zoom },
    geometry: { type: "Point", coordinates: [lon, lat] },
  }));
  return { type: "FeatureCollection", features };
}

/** Without the seams that polygons need along 180 degrees and at the pole. */
function lines(geometry) {
  const seam = ([lon, lat]) => Math.abs(lon) > 179.999 || lat < -89.9;
  const coordinates = [];
  for (const line of geometry.coordinates) {
    let run = [line[0]];
    for (let i = 1; i < line.length; i += 1) {
      if (seam(line[i - 1]) && seam(line[i])) {
        if (run.length > 1) coordinates.push(run);
        run = [];
      }
      run.push(line[i]);
    }
    if (run.length > 1) coordinates.push(run);
  }
  return { type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates } };
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
