// One block of memory for all arrays of a GAN, so that the WASM product can reach them. It never grows: growing would
// detach every Float32Array that looks into it.
//
// Weights lie at its beginning, for good. Behind them, what a step computes is put one after the other, and `release`
// gives all of that back at once. The same step asks for the same sizes again, and gets the same views.
const PAGE = 65536; // bytes, as WASM counts
const MEGABYTES = 64; // twice what the largest setting's step takes; a browser makes room only for what is used
const ALIGN = 4; // floats: SIMD reads 16 bytes at once

export const memory = new WebAssembly.Memory({ initial: (MEGABYTES << 20) / PAGE, maximum: (MEGABYTES << 20) / PAGE });

let kept = 0; // floats in use by weights
let used = 0; // and with those of this step
let views = []; // of this step and of earlier ones, in the order in which they are asked for
let next = 0;

function take(size) {
  const from = used;
  used += Math.ceil(size / ALIGN) * ALIGN;
  if (used * 4 > memory.buffer.byteLength) throw new Error("The networks are too large for the playground's memory.");
  return new Float32Array(memory.buffer, from * 4, size);
}

// An array until the next `release`; what is in it is left over from before.
export function borrow(size) {
  const before = views[next];
  if (before && before.length === size && before.byteOffset === used * 4) used += Math.ceil(size / ALIGN) * ALIGN;
  else views[next] = take(size);
  return views[next++];
}

export function release() {
  goBack([kept, 0]);
}

// Where the next array would lie; what was borrowed since then is given back by `goBack`.
export const place = () => [used, next];
export function goBack([usedThen, nextThen]) {
  used = usedThen;
  next = nextThen;
}

// An array of zeros for good. Only after `release`, when nothing is borrowed.
export function keep(size) {
  const array = take(size).fill(0);
  kept = used;
  views = [];
  return array;
}

// Forget the weights too.
export function restart() {
  kept = 0;
  views = [];
  release();
}
