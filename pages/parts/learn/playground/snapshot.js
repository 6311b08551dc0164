// What the page shows of a GAN at one moment. Nothing here changes the GAN, or draws from its random streams.
import { LATENTS } from "./gan.js";
import { LOSSES } from "./losses.js";
import { forward } from "./networks.js";
import { fillNormal, stream } from "./random.js";
import { covered } from "./shapes.js";
import { aside, gradients, pairs } from "./tape.js";

export const VIEW = 3.6; // the picture shows x and y from -VIEW to VIEW
export const FIELD = 40; // squares of the heat map in each direction
export const LINES = 17; // of the latents' grid in each direction
const SPAN = 2; // its latents go from -SPAN to SPAN
const POINTS = 512;
const ARROWS = 48;

const lattice = (count, span, flip = 1) =>
  Float32Array.from({ length: 2 * count * count }, (_none, i) => {
    const place = i >> 1;
    return i % 2 ? flip * span * (1 - (2 * Math.floor(place / count)) / (count - 1)) : span * ((2 * (place % count)) / (count - 1) - 1);
  });
const fieldPoints = lattice(FIELD, VIEW * (1 - 1 / FIELD)); // the middle of each square, from the top left
const gridLatents = lattice(LINES, SPAN);
const latents = fillNormal(new Float32Array(POINTS * LATENTS), stream(0, "shown"));

const meanOf = (array) => array.reduce((sum, x) => sum + x, 0) / array.length;

export const snapshot = (gan, real) => aside(() => look(gan, real));

function look(gan, real) {
  const { settings } = gan;
  const generate = (array) => forward(gan.average, settings.generator_activation, pairs(array));
  const points = generate(latents).data.slice();
  const judge = (array) => gan.discriminate(pairs(array)).data.slice();
  const [ofReal, ofFake] = [judge(real), judge(points)];
  const output = outputOf(settings.loss, meanOf(ofReal), meanOf(ofFake));
  return {
    step: gan.step,
    headStart: gan.headStart,
    discriminatorLoss: gan.discriminatorLoss ?? NaN,
    generatorLoss: gan.generatorLoss ?? NaN,
    gradientNorm: gan.gradientNorm ?? NaN,
    covered: covered(points, gan.shape),
    modes: gan.shape.centres.length,
    ofReal: meanOf(ofReal.map(output)),
    ofFake: meanOf(ofFake.map(output)),
    points,
    pulls: pulls(gan, points.slice(0, 2 * ARROWS)),
    field: judge(fieldPoints).map(output),
    grid: generate(gridLatents).data.slice(),
  };
}

// Minus the gradient of G's loss by each of these points: where it pulls them.
function pulls(gan, points) {
  const fake = pairs(points);
  const [found] = gradients(LOSSES[gan.settings.loss].generator(gan.discriminate(fake)), [fake]);
  return found.data.map((g) => -g * fake.rows); // the loss is a mean
}

// How real a logit looks, from 0 to 1. A critic's output means nothing by itself: 0.5 is half way between its means of
// real and of generated points.
function outputOf(loss, ofReal, ofFake) {
  if (LOSSES[loss].output) return LOSSES[loss].output;
  const [middle, half] = [(ofReal + ofFake) / 2, Math.abs(ofReal - ofFake) / 2 + 1e-6];
  return (logit) => 1 / (1 + Math.exp((middle - logit) / half));
}
