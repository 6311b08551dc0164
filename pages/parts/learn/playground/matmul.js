// C = A B, where A and B may be turned (transposed). The work is done in matmul.wat; where a browser has no SIMD, in
// JavaScript, which takes four times as long.
import { BYTES } from "./matmul_bytes.js";
import { borrow, memory } from "./memory.js";

const bytes = Uint8Array.from(atob(BYTES), (letter) => letter.charCodeAt(0));
const hasSimd = WebAssembly.validate(bytes);
const wasm = hasSimd && new WebAssembly.Instance(new WebAssembly.Module(bytes), { playground: { memory } }).exports.multiply;

// A [rows, columns] that lies row by row -> its transpose.
export function turned(a, rows, columns) {
  const result = borrow(a.length);
  for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) result[column * rows + row] = a[row * columns + column];
  return result;
}

// What matmul.wat does, for browsers without SIMD and for the test; strides count floats here.
export function plainProduct(a, aRow, aColumn, b, c, rows, inner, columns) {
  c.fill(0);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const number = a[i * aRow + k * aColumn];
      for (let j = 0; j < columns; j++) c[i * columns + j] += number * b[k * columns + j];
    }
  }
}

// Float32Arrays from memory.js. a holds A [rows, inner], or [inner, rows] if it is to be turned; b holds B [inner, columns],
// or [columns, inner] if it is to be turned; c gets C [rows, columns].
export function product(a, turnA, b, turnB, c, rows, inner, columns) {
  if (turnB) b = turned(b, columns, inner);
  const [aRow, aColumn] = turnA ? [1, rows] : [inner, 1];
  if (wasm) wasm(a.byteOffset, 4 * aRow, 4 * aColumn, b.byteOffset, c.byteOffset, rows, inner, columns);
  else plainProduct(a, aRow, aColumn, b, c, rows, inner, columns);
}
