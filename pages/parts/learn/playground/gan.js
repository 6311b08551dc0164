// How a GAN learns points in the plane: the algorithm of gan_core/training/loop.py.
import { LOSSES, clipWeights, gradientPenalty, r1Penalty } from "./losses.js";
import { keep, restart } from "./memory.js";
import { forward, initialise, newWeights } from "./networks.js";
import { OPTIMIZERS } from "./optimizers.js";
import { fillNormal, normal, stream } from "./random.js";
import { samplePoints, shapeOf } from "./shapes.js";
import { Matrix, add, gradients, newTape, scale } from "./tape.js";

export const LATENTS = 2; // numbers in a latent, so that a grid of latents can be drawn
const FAR = 3; // both coordinates of where a generator begins that starts far away
const FAR_SCALE = 0.3; // its last weights' factor

export class Gan {
  constructor(settings) {
    this.settings = settings;
    this.step = 0; // of the generator
    this.headStart = settings.head_start; // steps of D alone that are still to come
    this.random = Object.fromEntries(["data", "latents", "mixing"].map((name) => [name, stream(settings.seed, name)]));
    this.shape = shapeOf(settings.shape, settings.drawn);
    this.build();
  }

  // Networks of the settings' sizes; those that have them already keep their weights.
  build() {
    const { settings } = this;
    const old = [this.generator, this.discriminator].map((weights) => weights?.map(({ data }) => data.slice()));
    newTape();
    restart();
    this.fake = null;
    const sizes = [[LATENTS, ...settings.generator_layers, 2], [2, ...settings.discriminator_layers, 1]];
    [this.generator, this.discriminator] = sizes.map(newWeights);
    this.average = newWeights(sizes[0]);
    const begin = [() => this.beginGenerator(), () => this.beginDiscriminator()];
    [this.generator, this.discriminator].forEach((weights, i) => {
      const fits = old[i]?.length === weights.length && weights.every(({ data }, j) => data.length === old[i][j].length);
      if (fits) weights.forEach(({ data }, j) => data.set(old[i][j]));
      else begin[i]();
    });
    this.average.forEach(({ data }, j) => data.set(this.generator[j].data));
  }

  beginGenerator() {
    initialise(this.generator, stream(this.settings.seed, "generator"));
    const [weight, bias] = this.generator.slice(-2);
    if (this.settings.start === "far") {
      weight.data.forEach((number, i) => (weight.data[i] = FAR_SCALE * number));
      bias.data.fill(FAR);
    }
    this.newOptimizer("generator");
  }

  beginDiscriminator() {
    initialise(this.discriminator, stream(this.settings.seed, "discriminator"));
    this.newOptimizer("discriminator");
  }

  newOptimizer(network) {
    this[`${network}Optimizer`] = OPTIMIZERS[this.settings[`${network}_optimizer`]]();
  }

  // Other settings from the next step on.
  change(settings) {
    const before = this.settings;
    this.settings = settings;
    this.shape = shapeOf(settings.shape, settings.drawn);
    for (const network of ["generator", "discriminator"]) {
      if (before[`${network}_optimizer`] !== settings[`${network}_optimizer`]) this.newOptimizer(network);
    }
    if (["generator_layers", "discriminator_layers"].some((name) => `${before[name]}` !== `${settings[name]}`)) this.build();
  }

  // The next step, as far as only one network is to learn ("discriminator", "generator"), or both.
  nextStep(only = "both") {
    if (this.headStart > 0) {
      this.headStart--;
      this.discriminatorStep();
    } else {
      if (only !== "generator") for (let i = 0; i < this.settings.n_critic; i++) this.discriminatorStep();
      if (only !== "discriminator") this.generatorStep();
      this.step++;
    }
  }

  draw() {
    newTape();
    const { batch_size } = this.settings;
    const [real, latents] = [new Matrix(batch_size, 2), new Matrix(batch_size, LATENTS)];
    samplePoints(real.data, this.shape, this.random.data, normal);
    fillNormal(latents.data, this.random.latents);
    this.fake = forward(this.generator, this.settings.generator_activation, latents);
    return real;
  }

  discriminate(points) {
    return forward(this.discriminator, this.settings.discriminator_activation, points);
  }

  discriminatorStep() {
    const real = this.draw();
    const fake = new Matrix(this.fake.rows, 2, this.fake.data); // cut off from the generator
    const found = this.discriminatorGradients(real, fake, this.random.mixing);
    this.learn("discriminator", found);
  }

  // Of D's loss with all penalties. `mixing` gives e for each point x^ = e x + (1 - e) G(z) of the gradient penalty.
  discriminatorGradients(real, fake, mixing) {
    const { settings } = this;
    const critic = (points) => this.discriminate(points);
    let loss = LOSSES[settings.loss].discriminator(critic(real), critic(fake));
    if (settings.gradient_penalty) {
      const between = mix(real, fake, mixing);
      loss = add(loss, scale(gradientPenalty(critic, between), settings.gradient_penalty));
    }
    if (settings.r1_gamma) loss = add(loss, scale(r1Penalty(critic, new Matrix(real.rows, 2, real.data)), settings.r1_gamma));
    [this.discriminatorLoss] = loss.data;
    return gradients(loss, this.discriminator);
  }

  // From the fakes that the discriminator has just seen; fresh ones if there are none.
  generatorStep() {
    if (!this.fake) this.draw();
    const found = this.generatorGradients(this.fake);
    this.gradientNorm = Math.sqrt(found.reduce((sum, { data }) => data.reduce((part, g) => part + g * g, sum), 0));
    this.learn("generator", found);
    this.updateAverage();
    this.fake = null;
  }

  generatorGradients(fake) {
    const loss = LOSSES[this.settings.loss].generator(this.discriminate(fake));
    [this.generatorLoss] = loss.data;
    return gradients(loss, this.generator);
  }

  learn(network, found) {
    const { beta1, beta2, weight_clipping, [`${network}_learning_rate`]: rate } = this.settings;
    this[`${network}Optimizer`](this[network], found, { rate, beta1, beta2 });
    if (network === "discriminator" && weight_clipping) clipWeights(this.discriminator, weight_clipping);
  }

  // e <- d e + (1 - d) w; at first d is smaller, since old weights are not worth remembering (gan_core/training/gan.py).
  updateAverage() {
    const remembered = this.step ? (1 + this.step) / (6 + this.step) : 0;
    const decay = Math.min(this.settings.ema_decay, remembered);
    this.average.forEach(({ data }, i) => {
      const now = this.generator[i].data;
      for (let j = 0; j < data.length; j++) data[j] += (1 - decay) * (now[j] - data[j]);
    });
  }
}

// e x + (1 - e) G(z), with an e for each pair of points [count, 2].
function mix(real, fake, mixing) {
  const between = new Matrix(real.rows, 2);
  for (let i = 0; i < real.data.length; i += 2) {
    const share = mixing();
    for (const j of [i, i + 1]) between.data[j] = share * real.data[j] + (1 - share) * fake.data[j];
  }
  return between;
}
