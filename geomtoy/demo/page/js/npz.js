// Arrays as an npz file, not compressed; a network as the one that `geomtoy count` reads.

const HEADER = 64;

/**
 * Bytes of a file with W1, b1, W2, ... and where to look, if it is not the square.
 *
 * @param window [low, high] of one input, or [left, right, bottom, top].
 * @param slice {origin, u, v}.
 */
export function networkFile(network, { window = null, slice = null } = {}) {
  const arrays = network.layers.flatMap(({ W, b, n, m }, k) => [[`W${k + 1}`, W, [n, m]], [`b${k + 1}`, b, [n]]]);
  if (network.activation !== "relu") arrays.push(...activationArrays(network));
  if (window?.length === 2) arrays.push(["window", window, [2]]);
  if (window?.length === 4) arrays.push(["window", cornersOf(window), [4, 2]]);
  if (slice) for (const name of ["origin", "u", "v"]) arrays.push([name, slice[name], [slice[name].length]]);
  return npzFile(arrays);
}

/** The activation of each hidden layer by its breakpoint, its slopes, its value there and its name. */
function activationArrays({ layers, activation, slopes }) {
  return layers.slice(1).flatMap((_, k) => [
    [`act${k + 1}_breakpoints`, [0], [1]],
    [`act${k + 1}_slopes`, [slopes.off, slopes.on], [2]],
    [`act${k + 1}_value`, [0], [1]],
    [`act${k + 1}_name`, activation, []],
  ]);
}

const cornersOf = ([left, right, bottom, top]) => [left, bottom, right, bottom, right, top, left, top];

/** Bytes of a file of arrays [name, values, shape]; values are float64 or all true or false. */
export function npzFile(arrays) {
  return zip(arrays.map(([name, values, shape]) => [`${name}.npy`, npy(values, shape)]));
}

/** An array in NumPy's format 1.0. */
function npy(values, shape) {
  const { descr, size, put } = kindOf(values);
  const sizes = shape.map((n) => `${n},`).join(" ");
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil((11 + text.length) / HEADER) * HEADER;
  const bytes = new Uint8Array(length + size * values.length);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0]);
  const view = new DataView(bytes.buffer);
  view.setUint16(8, length - 10, true);
  bytes.set(new TextEncoder().encode(`${text.padEnd(length - 11)}\n`), 10);
  for (let i = 0; i < values.length; i++) put(view, length + size * i, values[i]);
  return bytes;
}

/** How NumPy stores what a list holds; a string is one value of as many letters. */
function kindOf(values) {
  if (typeof values === "string") {
    return { descr: `<U${values.length}`, size: 4, put: (view, at, letter) => view.setUint32(at, letter.charCodeAt(0), true) };
  }
  if (typeof values[0] === "boolean") return { descr: "|b1", size: 1, put: (view, at, value) => view.setUint8(at, value) };
  return { descr: "<f8", size: 8, put: (view, at, value) => view.setFloat64(at, value, true) };
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
