// SGD and Adam, as torch.optim has them. Each keeps what it remembers of its weights.

// w <- w - rate * g
const sgd = () => (weights, gradients, { rate }) => {
  weights.forEach(({ data }, i) => {
    const g = gradients[i].data;
    for (let j = 0; j < data.length; j++) data[j] -= rate * g[j];
  });
};

// Kingma & Ba 2015, algorithm 1.
function adam() {
  let step = 0;
  const moments = new Map(); // of each weight: averages of its gradient and of its square
  return (weights, gradients, { rate, beta1, beta2 }) => {
    step++;
    const size = rate / (1 - beta1 ** step);
    const correction = Math.sqrt(1 - beta2 ** step);
    weights.forEach((weight, i) => {
      const [w, g] = [weight.data, gradients[i].data];
      if (!moments.has(i)) moments.set(i, [new Float32Array(w.length), new Float32Array(w.length)]);
      const [first, second] = moments.get(i);
      for (let j = 0; j < w.length; j++) {
        first[j] += (1 - beta1) * (g[j] - first[j]);
        second[j] = beta2 * second[j] + (1 - beta2) * g[j] * g[j];
        w[j] -= (size * first[j]) / (Math.sqrt(second[j]) / correction + 1e-8);
      }
    });
  };
}

export const OPTIMIZERS = { sgd, adam };
