// Trains one GAN in a thread of its own, so that the page stays quick. The page sends it:
//   { start: settings, starts }         begin anew, for that many times; what it says then has the number too
//   { change: settings }                go on with others
//   { run: { only, until, pause } }     learn, until that step, with so many milliseconds between two steps
//   { run: null }                       stop
//   { phase: "discriminator" | "generator", isLast }   a step of one network, for slow motion
//   { seen: true }                      the last snapshot has been taken up: send another when there is one
import { Gan } from "./gan.js";
import { normal, stream } from "./random.js";
import { samplePoints } from "./shapes.js";
import { snapshot } from "./snapshot.js";

const STEPS = 8; // between two looks at the messages
const BETWEEN = 33; // milliseconds from one snapshot to the next
const REAL = 300; // points that are shown

let gan, real, run, starts = 0, sentAt = 0, unseen = false;
const next = new MessageChannel(); // setTimeout(0) would wait four milliseconds
next.port1.onmessage = learn;

function send(why) {
  unseen = true;
  sentAt = performance.now();
  postMessage({ ...snapshot(gan, real), why, starts });
}

function learn() {
  if (!run) return;
  const began = performance.now();
  for (let i = 0; i < (run.pause ? 1 : STEPS) && gan.step < run.until && performance.now() - began < BETWEEN; i++) {
    gan.nextStep(run.only);
  }
  const hasDiverged = !Number.isFinite(gan.discriminatorLoss ?? 0) || !Number.isFinite(gan.generatorLoss ?? 0);
  if (hasDiverged || gan.step >= run.until) {
    run = null;
    send(hasDiverged ? "diverged" : "ended");
    return;
  }
  if (!unseen && performance.now() - sentAt >= Math.min(BETWEEN, run.pause || BETWEEN)) send();
  if (run.pause) setTimeout(learn, run.pause);
  else next.port2.postMessage(0);
}

function showRealPoints() {
  real = samplePoints(new Float32Array(2 * REAL), gan.shape, stream(0, "shown"), normal);
  postMessage({ real, starts });
}

function takePhase({ phase, isLast }) {
  gan[`${phase}Step`]();
  if (gan.headStart) gan.headStart--;
  if (isLast) gan.step++;
  send(phase);
}

onmessage = ({ data }) => {
  if (data.seen) unseen = false;
  if (data.start) {
    gan = new Gan(data.start);
    starts = data.starts;
  }
  if (data.change) gan.change(data.change);
  if (data.start || data.change) showRealPoints();
  if (data.phase) takePhase(data);
  else if (data.start || (data.change && !run)) send("start");
  if (data.start) run = null;
  if ("run" in data) {
    const wasRunning = Boolean(run);
    run = data.run;
    if (!run && wasRunning) send("paused");
    if (run && !wasRunning) learn();
  }
};
