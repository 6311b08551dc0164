// Small helpers for a page's elements.

// element("a", { href, data: { name }, aria: { label } }, "text", child): attributes, data-name, aria-label, children.
export function element(kind, { data = {}, aria = {}, role, ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(kind), properties);
  Object.assign(made.dataset, data);
  if (role) made.setAttribute("role", role);
  for (const [name, value] of Object.entries(aria)) made.setAttribute(`aria-${name}`, value);
  made.append(...children);
  return made;
}

export const button = (className, text, onclick, more) => element("button", { type: "button", className, onclick, ...more }, text);

// A label with a list to choose from: options are [[value, label]].
export function choice(className, title, options, chosen, changed) {
  // Named by hand, since the label's own text includes the options'.
  const select = element("select", { onchange: () => changed(select.value), aria: { label: title } }, ...options.map(([value, label]) => element("option", { value }, label)));
  select.value = chosen;
  return element("label", { className }, element("span", {}, title), select);
}

export function toggle(className, title, checked, changed) {
  const box = element("input", { type: "checkbox", checked, onchange: () => changed(box.checked) });
  return element("label", { className: `toggle ${className}` }, box, title);
}

export const filledIn = (template, values) => template.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
