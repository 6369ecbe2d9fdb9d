// Writes a PMTiles v3 archive (https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md):
// clustered, gzip, equal tiles stored once. Tiles are given in order of their Hilbert id.
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

const HEADER_BYTES = 127;
const ROOT_BYTES = 16384 - HEADER_BYTES;
const ENTRIES_PER_LEAF = 2048;

/** `tiles`: {id, data}[] by rising id; `metadata`: any JSON value; zooms and bounds for the header. */
export function writeArchive(tiles, metadata, { minZoom, maxZoom }) {
  const places = new Map();
  const bodies = [];
  const entries = [];
  let offset = 0;
  for (const { id, data } of tiles) {
    const body = gzipSync(data, { level: 9 });
    const key = createHash("sha256").update(body).digest("hex");
    let place = places.get(key);
    if (place === undefined) {
      place = { offset, length: body.length };
      places.set(key, place);
      bodies.push(body);
      offset += body.length;
    }
    const last = entries.at(-1);
    if (last && last.offset === place.offset && last.id + last.run === id) last.run += 1;
    else entries.push({ id, run: 1, ...place });
  }
  const { root, leaves } = directories(entries);
  const json = gzipSync(Buffer.from(JSON.stringify(metadata)));
  const header = Buffer.alloc(HEADER_BYTES);
  header.write("PMTiles", 0, "latin1");
  header.writeUInt8(3, 7);
  let at = HEADER_BYTES;
  const lengths = [root.length, json.length, leaves.length, offset];
  lengths.forEach((length, i) => {
    header.writeBigUInt64LE(BigInt(at), 8 + 16 * i);
    header.writeBigUInt64LE(BigInt(length), 16 + 16 * i);
    at += length;
  });
  header.writeBigUInt64LE(BigInt(tiles.length), 72);
  header.writeBigUInt64LE(BigInt(entries.length), 80);
  header.writeBigUInt64LE(BigInt(bodies.length), 88);
  // clustered, directories and tiles in gzip, vector tiles
  [1, 2, 2, 1, minZoom, maxZoom].forEach((v, i) => header.writeUInt8(v, 96 + i));
  [-1800000000, -850000000, 1800000000, 850000000].forEach((v, i) =>
    header.writeInt32LE(v, 102 + 4 * i),
  );
  return Buffer.concat([header, root, json, leaves, ...bodies]);
}

function directories(entries) {
  const whole = directory(entries);
  if (whole.length <= ROOT_BYTES) return { root: whole, leaves: Buffer.alloc(0) };
  const pointers = [];
  const leaves = [];
  let offset = 0;
  for (let i = 0; i < entries.length; i += ENTRIES_PER_LEAF) {
    const leaf = directory(entries.slice(i, i + ENTRIES_PER_LEAF));
    pointers.push({ id: entries[i].id, run: 0, offset, length: leaf.length });
    leaves.push(leaf);
    offset += leaf.length;
  }
  return { root: directory(pointers), leaves: Buffer.concat(leaves) };
}

function directory(entries) {
  const bytes = [];
  const varint = (value) => {
    for (; value >= 0x80; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
    bytes.push(value);
  };
  varint(entries.length);
  entries.forEach((e, i) => varint(e.id - (i ? entries[i - 1].id : 0)));
  entries.forEach((e) => varint(e.run));
  entries.forEach((e) => varint(e.length));
  entries.forEach((e, i) => {
    const before = entries[i - 1];
    varint(before && e.offset === before.offset + before.length ? 0 : e.offset + 1);
  });
  return gzipSync(Buffer.from(bytes), { level: 9 });
}
