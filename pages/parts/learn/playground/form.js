// The settings of a side, as a form. `here` is the playground (page.js).
import { button, choice, element, filledIn } from "./elements.js";

export function form(here) {
  const { groups, knobs, words } = here.data;
  const group = (name) => {
    const mine = knobs.filter((knob) => knob.group === name).map((knob) => (knob.name === "shape" ? shapes(here, knob) : field(here, knob)));
    if (name !== "more") return element("fieldset", { className: name }, element("legend", {}, groups[name]), ...mine);
    return element("details", { className: name }, element("summary", {}, groups[name]), ...mine);
  };
  const ofSide = (side, i) => {
    const onchange = () => {
      here.editing = i;
      fillForm(here);
    };
    return element("label", {}, element("input", { type: "radio", name: "side", checked: i === here.editing, onchange }), filledIn(words["settings of"], { side: side.name }));
  };
  const sides = here.sides.length > 1 ? [element("div", { className: "sides" }, ...here.sides.map(ofSide))] : [];
  return element("form", { className: "form", onsubmit: (event) => event.preventDefault() }, ...sides, ...Object.keys(groups).map(group));
}

const labelOf = (here, { value, label, symbol }) => label || symbol || (typeof value === "number" ? here.format(value) : value);

function field(here, { name, title, options, usual }) {
  const changed = (value) => here.set({ [name]: typeof usual === "number" ? Number(value) : value });
  const made = choice("knob", title, options.map((option) => [option.value, labelOf(here, option)]), usual, changed);
  made.querySelector("select").name = name;
  return made;
}

function shapes(here, { title, options }) {
  const { words } = here.data;
  const shape = ({ value, label }) => button("", element("canvas"), () => here.set({ shape: value }), { title: label, data: { shape: value }, aria: { label } });
  const clear = button("clear", words.clear, () => here.set({ drawn: [] }));
  const learnable = button("learnable", words.learnable, () => here.set(here.data.curved[here.side.settings.shape]));
  return element("div", { className: "shapes", role: "group", aria: { label: title } }, ...options.map(shape),
    element("p", { className: "draw" }, words.draw, " ", clear), element("p", { className: "curved" }, words.curved, " ", learnable));
}

// Shows the settings of the side that is being set.
export function fillForm(here) {
  const { settings } = here.side;
  const press = (button, isOn) => button.setAttribute("aria-pressed", isOn);
  for (const select of here.root.querySelectorAll(".knob select")) select.value = settings[select.name];
  for (const button of here.root.querySelectorAll("[data-shape]")) press(button, button.dataset.shape === settings.shape);
  for (const button of here.root.querySelectorAll("[data-situation]")) press(button, button.dataset.situation === here.situation);
  here.root.querySelector(".draw").hidden = settings.shape !== "drawn";
  const learnable = Object.entries(here.data.curved[settings.shape] ?? settings);
  here.root.querySelector(".curved").hidden = learnable.every(([name, value]) => settings[name] === value);
  here.root.querySelector(".why").textContent = here.data.situations[here.situation]?.text ?? "";
  for (const side of here.sides) {
    here.stageOf(side).classList.toggle("drawing", side.settings.shape === "drawn");
    here.stageOf(side).querySelector(".differs").textContent = differences(here, side);
  }
}

// "A · Loss: Minimax": how one of two sides differs from the other.
function differences(here, side) {
  const other = here.sides.find((one) => one !== side);
  if (!other) return "";
  const differing = here.data.knobs.filter(({ name }) => side.settings[name] !== other.settings[name]);
  const { groups } = here.data;
  const said = differing.map(({ name, group, title, options }) => {
    const whose = group === "generator" || group === "discriminator" ? `${groups[group]}, ${title}` : title;
    return `${whose}: ${labelOf(here, options.find(({ value }) => value === side.settings[name]))}`;
  });
  return [side.name, ...said].join(" · ");
}
