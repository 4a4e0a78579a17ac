// Reads npz files: zip entries stored or deflated, arrays in NumPy's format. Errors are sentences.

const END = 0x06054b50;

/** All arrays of a file by name: {shape, values} of numbers, {shape, texts} of text. */
export async function readNpz(buffer) {
  const view = new DataView(buffer);
  const end = endOfDirectory(view);
  const count = view.getUint16(end + 10, true);
  const arrays = {};
  let at = view.getUint32(end + 16, true);
  for (let k = 0; k < count; k++) {
    const entry = directoryEntry(view, at);
    if (entry.name.endsWith(".npy")) arrays[entry.name.slice(0, -4)] = readNpy(await contents(buffer, entry), entry.name);
    at = entry.next;
  }
  return arrays;
}

/** Place of the record at the end of a zip file, before which there may be a comment. */
function endOfDirectory(view) {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 70_000); at--) {
    if (view.getUint32(at, true) === END) return at;
  }
  throw new Error("this is not an npz file; write one with geomtoy.save");
}

function directoryEntry(view, at) {
  if (at + 46 > view.byteLength) throw new Error("the file is cut short; copy it again");
  const [method, size, title, extra, comment] = [view.getUint16(at + 10, true), view.getUint32(at + 20, true),
    ...[28, 30, 32].map((k) => view.getUint16(at + k, true))];
  const bytes = new Uint8Array(view.buffer, at + 46, title);
  const header = view.getUint32(at + 42, true);
  const start = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
  return { name: new TextDecoder().decode(bytes), method, start, size, next: at + 46 + title + extra + comment };
}

async function contents(buffer, { name, method, start, size }) {
  const bytes = buffer.slice(start, start + size);
  if (method === 0) return bytes;
  if (method !== 8) throw new Error(`${name} is packed in a way that browsers do not read; write it with geomtoy.save`);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(stream).arrayBuffer();
}

const READERS = {
  f8: (view, at) => view.getFloat64(at, true),
  f4: (view, at) => view.getFloat32(at, true),
  i8: (view, at) => wholeNumber(view.getBigInt64(at, true)),
  i4: (view, at) => view.getInt32(at, true),
  i2: (view, at) => view.getInt16(at, true),
  i1: (view, at) => view.getInt8(at),
  u8: (view, at) => wholeNumber(view.getBigUint64(at, true)),
  u4: (view, at) => view.getUint32(at, true),
  u2: (view, at) => view.getUint16(at, true),
  u1: (view, at) => view.getUint8(at),
  b1: (view, at) => view.getUint8(at),
};

function wholeNumber(big) {
  if (BigInt(Number(big)) !== big) throw new Error(`${big} is no float64; round it first`);
  return Number(big);
}

function readNpy(buffer, name) {
  const view = new DataView(buffer);
  const wide = view.getUint8(6) > 1;
  const start = (wide ? 12 : 10) + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder().decode(new Uint8Array(buffer, 0, start));
  const [, order, kind] = /'descr': '([<>|=])([a-zA-Z]\d+)'/.exec(header) ?? [];
  const shape = (/'shape': \(([^)]*)\)/.exec(header)?.[1] ?? "").split(",").filter((part) => part.trim()).map(Number);
  const size = shape.reduce((product, n) => product * n, 1);
  if (kind?.startsWith("U")) return { shape, texts: readTexts(view, start, size, Number(kind.slice(1))) };
  const read = READERS[kind];
  if (!read || order === ">") throw new Error(`${name} holds numbers of a kind that this page does not read; use float64`);
  const width = Number(kind.slice(1));
  const values = Float64Array.from({ length: size }, (_, k) => read(view, start + k * width));
  return { shape, values: /'fortran_order': True/.test(header) ? byRows(values, shape) : values };
}

/** A matrix stored column after column, row after row. */
function byRows(values, [rows, columns = 1]) {
  return values.map((_, k) => values[(k % columns) * rows + Math.floor(k / columns)]);
}

function readTexts(view, start, count, length) {
  return Array.from({ length: count }, (_, k) =>
    Array.from({ length }, (_, i) => view.getUint32(start + 4 * (k * length + i), true))
      .filter((code) => code > 0)
      .map((code) => String.fromCodePoint(code))
      .join(""),
  );
}
