// What learns with one choice of settings: its worker, what it looks like, and what it looked like before.
const MOST_SHOTS = 300;

export class Side {
  // told: called with what the worker said, after it was noted here.
  constructor(name, settings, address, told) {
    Object.assign(this, { name, settings, shots: [], latest: null, real: new Float32Array(), waiting: [], starts: 0 });
    this.worker = new Worker(new URL(`${address}/worker.js`, document.baseURI), { type: "module" });
    this.worker.onerror = (event) => told({ failed: event.message });
    this.worker.onmessage = ({ data }) => {
      if (data.starts !== this.starts) return this.send({ seen: true }); // from before it was begun anew
      if (data.real) this.real = data.real;
      else this.take(data);
      told(data);
    };
  }

  send(message) {
    this.worker.postMessage(message);
  }

  // The settings as gan.js takes them.
  get forGan() {
    const layers = (name) => this.settings[name].split("-").map(Number);
    return { ...this.settings, generator_layers: layers("generator_layers"), discriminator_layers: layers("discriminator_layers") };
  }

  restart() {
    Object.assign(this, { shots: [], gap: 1, hasEnded: false, hasDiverged: false, starts: this.starts + 1 });
    this.waiting.splice(0).forEach((done) => done(this.latest));
    this.send({ start: this.forGan, starts: this.starts });
  }

  // Keeps it to go back in time; when there are too many, every other one, and fewer of those to come.
  take(shot) {
    this.latest = shot;
    this.send({ seen: true });
    if (!this.shots.length || shot.step >= this.shots.at(-1).step + this.gap) this.shots.push(shot);
    if (this.shots.length > MOST_SHOTS) {
      this.shots = this.shots.filter((_shot, i) => i % 2 === 0);
      this.gap = (2 * shot.step) / MOST_SHOTS;
    }
    if (shot.why) this.waiting.splice(0).forEach((done) => done(shot));
  }

  // A step of one network; what it looks like then.
  learn(phase, isLast) {
    this.send({ phase, isLast });
    return new Promise((done) => this.waiting.push(done));
  }

  // What it looked like at a step; at Infinity, what it looks like now.
  at(step) {
    return step === Infinity ? this.latest : (this.shots.findLast((shot) => shot.step <= step) ?? this.latest);
  }
}
