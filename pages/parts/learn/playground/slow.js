// One step, part after part: first D, then G, each part lit as it happens.
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// sides: those that take it; only: "both", "discriminator" or "generator"; light(parts, word): shows what happens now;
// goesOn(): whether to go on. Returns whether it came to its end.
export async function slowStep(sides, only, time, light, goesOn) {
  const isHeadStart = sides[0].latest.headStart > 0;
  const rounds = only === "generator" && !isHeadStart ? 0 : isHeadStart ? 1 : Math.max(...sides.map(({ settings }) => settings.n_critic));
  const withG = only !== "discriminator" && !isHeadStart;
  const learn = (phase, round, isLast) => Promise.all(sides.filter(({ settings }) => round <= settings.n_critic).map((side) => side.learn(phase, isLast)));
  const parts = [];
  for (let round = 1; round <= rounds; round++) {
    parts.push([["latents", "G", "fake", "real"], "D draws"], [["fake", "real", "D"], "D judges"]);
    parts.push([["D"], "D learns", () => learn("discriminator", round, round === rounds && !withG && !isHeadStart)]);
  }
  if (withG) parts.push([["fake", "D"], "G judged"], [["D", "fake", "arrows"], "G pulled"], [["G", "fake"], "G learns", () => learn("generator", 0, true)]);
  for (const [lit, word, act] of parts) {
    await act?.();
    if (!goesOn()) return false;
    light(lit, word);
    await wait(time);
    if (!goesOn()) return false;
  }
  return true;
}
