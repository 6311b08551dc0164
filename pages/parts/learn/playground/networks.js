// Fully connected networks, laid out and begun as PyTorch's nn.Linear: weight [outputs, inputs], bias [1, outputs].
import { keep } from "./memory.js";
import { Matrix, addRow, leakyRelu, matmul, sigmoid, tanh } from "./tape.js";

// As gan_core/networks/layers.py has them.
export const ACTIVATIONS = {
  relu: (x) => leakyRelu(x, 0),
  leaky_relu: (x) => leakyRelu(x, 0.2),
  tanh,
  sigmoid,
};

// One matrix after the other, from inputs to outputs: [weight, bias, weight, bias, ...].
export function newWeights(sizes) {
  return sizes.slice(1).flatMap((outputs, i) => {
    const shapes = [[outputs, sizes[i]], [1, outputs]];
    return shapes.map(([rows, columns]) => new Matrix(rows, columns, keep(rows * columns)));
  });
}

// Uniform within 1 / sqrt(inputs), both weight and bias.
export function initialise(weights, uniform) {
  weights.forEach(({ data }, i) => {
    const bound = 1 / Math.sqrt(weights[i - (i % 2)].columns);
    for (let j = 0; j < data.length; j++) data[j] = bound * (2 * uniform() - 1);
  });
}

// x [count, inputs] -> [count, outputs], without an activation behind the last layer.
export function forward(weights, activation, x) {
  for (let i = 0; i < weights.length; i += 2) {
    x = addRow(matmul(x, weights[i], false, true), weights[i + 1]);
    if (i + 2 < weights.length) x = ACTIVATIONS[activation](x);
  }
  return x;
}
