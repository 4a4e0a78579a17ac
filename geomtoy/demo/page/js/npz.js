// A network as the npz file that `geomtoy count` reads: W1, b1, W2, ... as float64, not compressed, and
// the window to count in if it is not the square.

const HEADER = 64;

/** Bytes of an npz file; an interval is [low, high]. */
export function networkFile(network, interval = null) {
  const arrays = network.layers.flatMap(({ W, b, n, m }, k) => [
    [`W${k + 1}.npy`, npy(W, `(${n}, ${m})`)],
    [`b${k + 1}.npy`, npy(b, `(${n},)`)],
  ]);
  if (interval) arrays.push(["window.npy", npy(Float64Array.from(interval), "(2,)")]);
  return zip(arrays);
}

/** An array in NumPy's format 1.0. */
function npy(values, shape) {
  const text = `{'descr': '<f8', 'fortran_order': False, 'shape': ${shape}, }`;
  const length = Math.ceil((11 + text.length) / HEADER) * HEADER;
  const bytes = new Uint8Array(length + 8 * values.length);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0]);
  const view = new DataView(bytes.buffer);
  view.setUint16(8, length - 10, true);
  bytes.set(new TextEncoder().encode(`${text.padEnd(length - 11)}\n`), 10);
  values.forEach((value, i) => view.setFloat64(length + 8 * i, value, true));
  return bytes;
}

/** Named byte arrays as a zip file of stored entries. */
function zip(entries) {
  const [bodies, directory] = [[], []];
  let offset = 0;
  for (const [name, bytes] of entries) {
    const title = new TextEncoder().encode(name);
    const common = [20, 0, 0, 0, 0x21, crc32(bytes), bytes.length, bytes.length, title.length, 0];
    const local = [...fields([0x04034b50], "4"), ...fields(common, "2222244422"), ...title];
    const central = [
      ...fields([0x02014b50, 20], "42"),
      ...fields(common, "2222244422"),
      ...fields([0, 0, 0, 0, offset], "22244"),
      ...title,
    ];
    bodies.push(new Uint8Array(local), bytes);
    directory.push(new Uint8Array(central));
    offset += local.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const count = entries.length;
  const end = fields([0x06054b50, 0, 0, count, count, size, offset, 0], "42222442");
  return joined([...bodies, ...directory, new Uint8Array(end)]);
}

/** Little-endian integers of the given sizes in bytes. */
function fields(values, sizes) {
  return values.flatMap((value, k) =>
    Array.from({ length: Number(sizes[k]) }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 255),
  );
}

function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

export function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
