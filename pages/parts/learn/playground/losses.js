// The formulas of gan_core/training/losses.py and regularizers.py, for logits [count, 1]. Where D is a probability,
// D(x) = sigmoid(logit), so -log D(x) = softplus(-logit) and -log(1 - D(x)) = softplus(logit).
import { add, gradients, leakyRelu, mean, multiply, power, scale, softplus, sumColumns } from "./tape.js";

const minus = (x) => scale(x, -1);
const square = (x) => multiply(x, x);
const relu = (x) => leakyRelu(x, 0);
const asProbability = (logit) => 1 / (1 + Math.exp(-logit));

// -E[log D(x)] - E[log(1 - D(G(z)))] (Goodfellow 2014, eq. 1)
const cross = (real, fake) => add(mean(softplus(minus(real))), mean(softplus(fake)));

// `output` is what a logit means: 1 real, 0 generated, 0.5 undecided; a Wasserstein critic's means nothing by itself.
export const LOSSES = {
  minimax: {
    discriminator: cross,
    generator: (fake) => minus(mean(softplus(fake))), // E[log(1 - D(G(z)))]
    output: asProbability,
  },
  "non-saturating": {
    discriminator: cross,
    generator: (fake) => mean(softplus(minus(fake))), // -E[log D(G(z))]
    output: asProbability,
  },
  // 1/2 E[(D(x) - 1)^2] + 1/2 E[D(G(z))^2] (Mao 2017, eq. 9)
  "least-squares": {
    discriminator: (real, fake) => scale(add(mean(square(scale(real, 1, -1))), mean(square(fake))), 0.5),
    generator: (fake) => scale(mean(square(scale(fake, 1, -1))), 0.5),
    output: (logit) => logit,
  },
  // E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))] (Lim & Ye 2017)
  hinge: {
    discriminator: (real, fake) => add(mean(relu(scale(real, -1, 1))), mean(relu(scale(fake, 1, 1)))),
    generator: (fake) => minus(mean(fake)),
    output: asProbability,
  },
  // E[D(G(z))] - E[D(x)] (Arjovsky 2017, algorithm 1)
  wasserstein: {
    discriminator: (real, fake) => add(mean(fake), minus(mean(real))),
    generator: (fake) => minus(mean(fake)),
    output: null,
  },
};

// ||grad D(x)||^2 at each point [count, 2]: [count, 1], itself differentiable.
function squaredSlopes(critic, points) {
  const [slopes] = gradients(critic(points), [points]);
  return sumColumns(square(slopes));
}

// E[(||grad D(x^)|| - 1)^2] at points between real and generated ones (Gulrajani 2017, eq. 3).
export function gradientPenalty(critic, between) {
  const lengths = power(scale(squaredSlopes(critic, between), 1, 1e-12), 0.5);
  return mean(square(scale(lengths, 1, -1)));
}

// R1: 1/2 E[||grad D(x)||^2] at real points (Mescheder 2018, eq. 9).
export const r1Penalty = (critic, real) => scale(mean(squaredSlopes(critic, real)), 0.5);

// After each step of the critic: no weight beyond the limit (Arjovsky 2017, algorithm 1).
export function clipWeights(weights, limit) {
  for (const { data } of weights) for (let i = 0; i < data.length; i++) data[i] = Math.min(limit, Math.max(-limit, data[i]));
}
