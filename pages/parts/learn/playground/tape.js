// Automatic differentiation of matrices, as PyTorch's autograd does it. Every operation puts its result on the tape,
// with what it was computed from and, for each of these inputs, how the result's gradient pulls at it. `gradients` walks
// the tape backwards. The pulls are made of the same operations, so a gradient is on the tape too, and can itself be
// differentiated: that is what gradient penalties need.
import { product, tanhOf } from "./kernels.js";
import { borrow, goBack, place, release } from "./memory.js";

let tape = [];

// A matrix [rows, columns], row by row in `data`.
export class Matrix {
  constructor(rows, columns, data = borrow(rows * columns), inputs = [], pulls = []) {
    Object.assign(this, { rows, columns, data, inputs, pulls });
    this.wanted = false; // whether the gradient that is being computed leads through it
  }
}

function result(rows, columns, inputs, pulls) {
  const made = new Matrix(rows, columns, undefined, inputs, pulls);
  tape.push(made);
  return made;
}

// Forget everything but the weights.
export function newTape() {
  tape = [];
  release();
}

// What `compute` returns, and nothing that it put on the tape: it must not hold matrices.
export function aside(compute) {
  const [length, before] = [tape.length, place()];
  const found = compute();
  tape.length = length;
  goBack(before);
  return found;
}

export function filled(rows, columns, value) {
  const made = new Matrix(rows, columns);
  made.data.fill(value);
  return made;
}

// Points, or other pairs of numbers, as [count, 2]: a copy, since products reach into memory.js alone.
export function pairs(numbers) {
  const made = new Matrix(numbers.length / 2, 2);
  made.data.set(numbers);
  return made;
}

// d output / d each of `inputs`, for an output [1, 1] (or the sum of a larger one): matrices of the inputs' shapes.
export function gradients(output, inputs) {
  const end = tape.lastIndexOf(output) + 1;
  for (const input of inputs) input.wanted = true;
  const onTheWay = tape.slice(0, end).filter((node) => (node.wanted ||= node.inputs.some((input) => input.wanted)));
  const found = new Map([[output, filled(output.rows, output.columns, 1)]]);
  for (const node of onTheWay.reverse()) {
    const gradient = found.get(node);
    if (!gradient) continue;
    node.inputs.forEach((input, i) => {
      if (!input.wanted) return;
      const part = node.pulls[i](gradient);
      found.set(input, found.has(input) ? add(found.get(input), part) : part);
    });
  }
  for (const node of [...onTheWay, ...inputs]) node.wanted = false;
  return inputs.map((input) => found.get(input) ?? filled(input.rows, input.columns, 0));
}

// Products and sums

export function matmul(a, b, turnA = false, turnB = false) {
  const [rows, inner] = turnA ? [a.columns, a.rows] : [a.rows, a.columns];
  const columns = turnB ? b.rows : b.columns;
  const c = result(rows, columns, [a, b], [
    (g) => (turnA ? matmul(b, g, turnB, true) : matmul(g, b, false, !turnB)),
    (g) => (turnB ? matmul(g, a, true, turnA) : matmul(a, g, !turnA, false)),
  ]);
  product(a.data, turnA, b.data, turnB, c.data, rows, inner, columns);
  return c;
}

export function add(a, b) {
  const made = result(a.rows, a.columns, [a, b], [(g) => g, (g) => g]);
  const [x, y, to] = [a.data, b.data, made.data];
  for (let i = 0; i < to.length; i++) to[i] = x[i] + y[i];
  return made;
}

export function multiply(a, b) {
  const made = result(a.rows, a.columns, [a, b], [(g) => multiply(g, b), (g) => multiply(g, a)]);
  const [x, y, to] = [a.data, b.data, made.data];
  for (let i = 0; i < to.length; i++) to[i] = x[i] * y[i];
  return made;
}

// factor * a + shift
export function scale(a, factor, shift = 0) {
  const made = result(a.rows, a.columns, [a], [(g) => scale(g, factor)]);
  const [x, to] = [a.data, made.data];
  for (let i = 0; i < to.length; i++) to[i] = factor * x[i] + shift;
  return made;
}

// a [rows, columns] plus a row [1, columns].
export function addRow(a, row) {
  const made = result(a.rows, a.columns, [a, row], [(g) => g, (g) => sumRows(g)]);
  const [x, y, to, { columns }] = [a.data, row.data, made.data, a];
  for (let i = 0, end = 0; i < to.length;) {
    end += columns;
    for (let j = 0; i < end; i++, j++) to[i] = x[i] + y[j];
  }
  return made;
}

// [rows, columns] -> [1, columns]
export function sumRows(a) {
  const made = result(1, a.columns, [a], [(g) => repeatRow(g, a.rows)]);
  const [x, to, { columns }] = [a.data, made.data.fill(0), a];
  for (let i = 0; i < x.length;) for (let j = 0; j < columns; i++, j++) to[j] += x[i];
  return made;
}

// [1, columns] -> [rows, columns]
export function repeatRow(a, rows) {
  const made = result(rows, a.columns, [a], [(g) => sumRows(g)]);
  for (let row = 0; row < rows; row++) made.data.set(a.data, row * a.columns);
  return made;
}

// [rows, columns] -> [rows, 1], by a product with ones.
export const sumColumns = (a) => matmul(a, filled(a.columns, 1, 1));

// The mean of [rows, 1], as [1, 1].
export const mean = (a) => scale(sumRows(a), 1 / a.rows);

// Functions of each number. `slope` is the derivative, as a matrix on the tape.

function each(a, values, slope) {
  const made = result(a.rows, a.columns, [a], [(g) => multiply(g, slope(made))]);
  values(a.data, made.data);
  return made;
}

export const tanh = (a) => each(a, tanhOf, (y) => oneMinusSquare(y));

const oneMinusSquare = (a) => each(a, oneMinusSquareOf, () => scale(a, -2));
function oneMinusSquareOf(x, to) {
  for (let i = 0; i < to.length; i++) to[i] = 1 - x[i] * x[i];
}

// x where it is positive, `low` * x elsewhere: ReLU with low = 0.
export const leakyRelu = (a, low) => each(a, (x, to) => leakyReluOf(x, to, low), () => steps(a, low));
function leakyReluOf(x, to, low) {
  for (let i = 0; i < to.length; i++) to[i] = Math.max(x[i], low * x[i]);
}

// Its slope: 1 where x is positive, `low` elsewhere. Read from the sign's bit: a branch at random signs is slow.
function steps(a, low) {
  const made = new Matrix(a.rows, a.columns); // constant almost everywhere, so nothing pulls through it
  const [bits, to] = [new Uint32Array(a.data.buffer, a.data.byteOffset, a.data.length), made.data];
  for (let i = 0; i < to.length; i++) to[i] = 1 - (1 - low) * (bits[i] >>> 31);
  return made;
}

export const sigmoid = (a) => each(a, sigmoidOf, (y) => multiply(y, scale(y, -1, 1)));
function sigmoidOf(x, to) {
  for (let i = 0; i < to.length; i++) to[i] = 1 / (1 + Math.exp(-x[i]));
}

// log(1 + e^x), which must not overflow.
export const softplus = (a) => each(a, softplusOf, () => sigmoid(a));
function softplusOf(x, to) {
  for (let i = 0; i < to.length; i++) to[i] = Math.max(x[i], 0) + Math.log1p(Math.exp(-Math.abs(x[i])));
}

export const power = (a, exponent) => each(a, (x, to) => powerOf(x, to, exponent), () => scale(power(a, exponent - 1), exponent));
function powerOf(x, to, exponent) {
  for (let i = 0; i < to.length; i++) to[i] = x[i] ** exponent;
}
