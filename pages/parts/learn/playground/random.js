// Random numbers that follow from a seed. Each purpose has a stream of its own, so that one more number drawn for the
// latents does not change the data.

// Uniform in [0, 1): mulberry32, by Tommy Ettinger.
export function stream(seed, purpose) {
  let state = seed;
  for (const letter of purpose) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193) ^ (state >>> 15);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Standard normal (Box & Muller 1958).
export const normal = (uniform) => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

export function fillNormal(array, uniform) {
  for (let i = 0; i < array.length; i++) array[i] = normal(uniform);
  return array;
}
