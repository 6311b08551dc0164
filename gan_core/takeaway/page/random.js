// PyTorch's standard normal numbers of a seed, as torch.randn draws them on a CPU: the same seed draws the same pictures
// here as in the app.

// 32 random bits a call: MT19937 (Matsumoto & Nishimura 1998).
function mersenneTwister(seed) {
  const [n, m] = [624, 397];
  const state = new Uint32Array(n);
  state[0] = seed;
  for (let i = 1; i < n; i++) state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
  let next = n;
  const refill = () => {
    for (let i = 0; i < n; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % n] & 0x7fffffff);
      state[i] = state[(i + m) % n] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    next = 0;
  };
  return () => {
    if (next === n) refill();
    let y = state[next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

// Float32Array of that length. PyTorch fills it 16 at a time (Box & Muller 1958); an incomplete end is filled anew,
// together with what stands before it. Fewer than 16 are drawn one by one, in double precision.
function standardNormal(seed, length) {
  const bits = mersenneTwister(seed);
  if (length < 16) return fewNormal(bits, length);
  const numbers = Float32Array.from({ length }, () => uniform24(bits));
  for (let start = 0; start + 16 <= length; start += 16) boxMuller(numbers, start);
  if (length % 16) {
    for (let i = length - 16; i < length; i++) numbers[i] = uniform24(bits);
    boxMuller(numbers, length - 16);
  }
  return numbers;
}

const uniform24 = (bits) => (bits() & 0xffffff) / 2 ** 24;
const uniform53 = (bits) => { const high = bits() & 0x1fffff; return (high * 2 ** 32 + bits()) / 2 ** 53; };

function boxMuller(numbers, start) {
  for (let i = start; i < start + 8; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - numbers[i])), angle = 2 * Math.PI * numbers[i + 8];
    [numbers[i], numbers[i + 8]] = [radius * Math.cos(angle), radius * Math.sin(angle)];
  }
}

function fewNormal(bits, length) {
  const numbers = [];
  while (numbers.length < length) {
    const angle = 2 * Math.PI * uniform53(bits), radius = Math.sqrt(-2 * Math.log1p(-uniform53(bits)));
    numbers.push(radius * Math.cos(angle), radius * Math.sin(angle));
  }
  return Float32Array.from(numbers.slice(0, length));
}
