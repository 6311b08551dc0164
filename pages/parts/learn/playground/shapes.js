// Where the real points lie: on a few centres, with normal noise of `deviation` around them. `centres` are also the modes
// that are counted.
const TURN = 2 * Math.PI;
const many = (count, point) => Array.from({ length: count }, (_none, i) => point(i, i / (count - 1)));

const moon = (share, side) => [side * (1.6 * Math.cos(share * Math.PI) - 0.8), side * (1.6 * Math.sin(share * Math.PI) - 0.4)];
const arm = (share) => [2.2 * share * Math.cos(1.5 * TURN * share), 2.2 * share * Math.sin(1.5 * TURN * share)];

export const SHAPES = {
  ring: { deviation: 0.1, centres: many(8, (i) => [1.5 * Math.cos((i * TURN) / 8), 1.5 * Math.sin((i * TURN) / 8)]) },
  moons: { deviation: 0.1, centres: [...many(12, (_i, share) => moon(share, 1)), ...many(12, (_i, share) => moon(share, -1))] },
  spiral: { deviation: 0.08, centres: many(24, (_i, share) => arm(0.15 + 0.85 * Math.sqrt(share))) },
  clusters: { deviation: 0.25, centres: [[-1.3, -0.8], [1.3, 0.8]] },
  line: { deviation: 0.08, centres: many(16, (_i, share) => [4 * share - 2, 1.6 * share - 0.8]) },
};
const DRAWN = 0.1;

// The shape of that name; "drawn" has the visitor's own points [[x, y], ...], or the ring as long as there are none.
export function shapeOf(name, drawn = []) {
  if (name !== "drawn") return SHAPES[name];
  return drawn.length ? { deviation: DRAWN, centres: drawn } : SHAPES.ring;
}

// Fills an array [count, 2] with points of the shape.
export function samplePoints(array, { centres, deviation }, uniform, normal) {
  for (let i = 0; i < array.length; i += 2) {
    const [x, y] = centres[Math.floor(uniform() * centres.length)];
    array[i] = x + deviation * normal(uniform);
    array[i + 1] = y + deviation * normal(uniform);
  }
  return array;
}

// How many centres are covered by points [count, 2]: at least a quarter of a centre's fair share of them lies within three
// deviations of it, and is nearer to no other.
export function covered(points, { centres, deviation }) {
  const counts = centres.map(() => 0);
  for (let i = 0; i < points.length; i += 2) {
    let [nearest, least] = [0, Infinity];
    centres.forEach(([x, y], j) => {
      const distance = (points[i] - x) ** 2 + (points[i + 1] - y) ** 2;
      if (distance < least) [nearest, least] = [j, distance];
    });
    if (least <= (3 * deviation) ** 2) counts[nearest]++;
  }
  const fair = points.length / 2 / centres.length;
  return counts.filter((count) => count >= fair / 4).length;
}
