// Floats as whole numbers: every float64 is an integer times a power of two, so nothing is lost.

const view = new DataView(new ArrayBuffer(8));

/** [m, e] with value = m * 2^e exactly, m a BigInt, odd unless the value is 0. */
export function dyadic(value) {
  if (value === 0) return [0n, 0];
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  let mantissa = bits & 0xfffffffffffffn;
  let exponent = -1074;
  if (biased > 0) {
    mantissa |= 1n << 52n;
    exponent = biased - 1075;
  }
  const zeros = trailingZeros(mantissa);
  mantissa >>= BigInt(zeros);
  return [value < 0 ? -mantissa : mantissa, exponent + zeros];
}

function trailingZeros(mantissa) {
  const low = Number(mantissa & 0xffffffffn);
  if (low !== 0) return 31 - Math.clz32(low & -low);
  const high = Number(mantissa >> 32n);
  return 63 - Math.clz32(high & -high);
}

/** Smallest shift >= 0 for which all values times 2^shift are integers. */
export function commonShift(values) {
  let shift = 0;
  for (const value of values) shift = Math.max(shift, -dyadic(value)[1]);
  return shift;
}

/** value * 2^shift as a BigInt; the shift must be large enough. */
export function scaled(value, shift) {
  const [mantissa, exponent] = dyadic(value);
  return mantissa << BigInt(exponent + shift);
}

/** Nearest floats would need care; this is within 2^-60 + 2^-53 |ratio| of numerator / denominator. */
export function ratio(numerator, denominator) {
  return Number((numerator << 60n) / denominator) / 2 ** 60;
}

export const signOf = (whole) => (whole > 0n ? 1 : whole < 0n ? -1 : 0);
