// The two computations that take the most time: the matrix product and tanh. kernels.wat does them; where a browser has no
// SIMD, JavaScript, which takes some four times as long.
import { BYTES } from "./kernels_bytes.js";
import { borrow, memory } from "./memory.js";

const bytes = Uint8Array.from(atob(BYTES), (letter) => letter.charCodeAt(0));
const wasm = WebAssembly.validate(bytes) && new WebAssembly.Instance(new WebAssembly.Module(bytes), { playground: { memory } }).exports;

// The same in JavaScript; strides count floats here.
export const plain = {
  multiply(a, aRow, aColumn, b, c, rows, inner, columns) {
    c.fill(0);
    for (let i = 0; i < rows; i++) {
      for (let k = 0; k < inner; k++) {
        const number = a[i * aRow + k * aColumn];
        for (let j = 0; j < columns; j++) c[i * columns + j] += number * b[k * columns + j];
      }
    }
  },
  tanh(from, to) {
    for (let i = 0; i < to.length; i++) to[i] = Math.tanh(from[i]);
  },
};

// A [rows, columns] that lies row by row -> its transpose.
export function turned(a, rows, columns) {
  const result = borrow(a.length);
  for (let row = 0, i = 0; row < rows; row++) for (let at = row; at < a.length; at += rows) result[at] = a[i++];
  return result;
}

// C = A B, for Float32Arrays from memory.js: A [rows, inner], or [inner, rows] if it is to be turned (transposed);
// B [inner, columns], or [columns, inner] if it is to be turned; C [rows, columns].
export function product(a, turnA, b, turnB, c, rows, inner, columns) {
  if (turnB) b = turned(b, columns, inner);
  const [aRow, aColumn] = turnA ? [1, rows] : [inner, 1];
  if (wasm) wasm.multiply(a.byteOffset, 4 * aRow, 4 * aColumn, b.byteOffset, c.byteOffset, rows, inner, columns);
  else plain.multiply(a, aRow, aColumn, b, c, rows, inner, columns);
}

export function tanhOf(from, to) {
  if (wasm) wasm.tanh(from.byteOffset, to.byteOffset, to.length);
  else plain.tanh(from, to);
}
