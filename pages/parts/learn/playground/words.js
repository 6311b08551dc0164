// What the pictures and charts show, in words.
import { filledIn } from "./elements.js";

// Numbers of two digits as the language writes them; very small and very large ones as powers of ten.
export function numberIn(language) {
  const { format } = new Intl.NumberFormat(language, { maximumSignificantDigits: 2 });
  return (value) => {
    if (!Number.isFinite(value)) return "–";
    const power = value && Math.floor(Math.log10(Math.abs(value)));
    return power < -3 || power > 3 ? `${format(value / 10 ** power)}·10${raised(power)}` : format(value);
  };
}

const raised = (power) => [...String(power)].map((sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]).join("");

// What is filled into the words of a snapshot.
export function valuesOf(here, shot) {
  const { number, format } = here;
  return {
    step: format(shot.step), count: shot.headStart, covered: shot.covered, modes: shot.modes,
    real: number(shot.ofReal), fake: number(shot.ofFake), gradient: number(shot.gradientNorm),
    discriminator: number(shot.discriminatorLoss), generator: number(shot.generatorLoss),
  };
}

export function inWords(here, side, shot) {
  const { words } = here.data;
  const outputs = side.settings.loss === "wasserstein" ? words.critic : words.outputs;
  const said = [`${words.at}.`, shot.headStart ? words["head start"] : "", outputs, words.lengths, words.covers];
  return filledIn(said.filter(Boolean).join(" "), valuesOf(here, shot));
}

// The newest values beside the chart's title; where it came from, for screen readers.
export function sayChart(here, figure, curves, shot) {
  const { words } = here.data;
  const { chart } = figure.dataset;
  const now = valuesOf(here, shot);
  const last = { losses: `━ D ${now.discriminator}  ╍ G ${now.generator}`, gradient: now.gradient, modes: `${now.covered} / ${now.modes}` }[chart];
  figure.querySelector("b").textContent = last;
  const known = curves.map(({ values }) => values.filter(Number.isFinite));
  const [low, high] = [Math.min, Math.max].map((least) => here.number(least(...known.flat())));
  const first = known.map(([value]) => here.number(value)).join(" · ");
  figure.querySelector("canvas").setAttribute("aria-label", filledIn(words.chart, { title: words[chart], first, last, low, high }));
}
