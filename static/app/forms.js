// Forms: every field has its label, its hint and a place where its fault is told.

import { el, newId, say } from "./dom.js";

function field(name, label, input, hint) {
  const hintId = newId("hint");
  const faultId = newId("fault");
  input.id = newId(name);
  input.name = name;
  input.setAttribute("aria-describedby", hint ? `${hintId} ${faultId}` : faultId);
  return el("div", { class: "field", "data-field": name },
    el("label", { for: input.id }, label), input,
    hint ? el("p", { class: "hint soft", id: hintId }, hint) : null,
    el("p", { class: "fault", id: faultId, hidden: true }));
}

export const text = (name, label, value = "", { hint, ...more } = {}) =>
  field(name, label, el("input", { type: "text", value: value ?? "", ...more }), hint);

export const area = (name, label, value = "", { hint, ...more } = {}) =>
  field(name, label, el("textarea", { value, ...more }), hint);

export const choice = (name, label, value, options, { hint } = {}) =>
  field(name, label, el("select", {}, options.map(([key, words]) =>
    el("option", { value: key, selected: String(key) === String(value) }, words))), hint);

export function check(name, label, checked, value) {
  const input = el("input", { type: "checkbox", name, checked: Boolean(checked), value: value ?? "on" });
  return el("label", { class: "check" }, input, el("span", {}, label));
}

export const group = (label, ...children) =>
  el("fieldset", {}, el("legend", {}, label), children);

// `save(read)` gets the values: `read("name")`, `read.is("name")`, `read.all("name")`.
export function form(label, children, button, save) {
  const fault = el("p", { class: "fault", role: "alert" });
  const made = el("form", { "aria-label": label, novalidate: true }, children, fault,
    el("p", {}, el("button", { class: "main" }, button)));
  let busy = false;
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    const submit = made.querySelector("button.main");
    submit.setAttribute("aria-disabled", "true");
    clear(made, fault);
    try {
      unfinished(made);
      const said = await save(reader(made));
      if (said) say(said);
    } catch (error) {
      tell(made, fault, error);
    } finally {
      busy = false;
      submit.removeAttribute("aria-disabled");
    }
  });
  return made;
}

function reader(made) {
  const read = (name) => made.elements[name].value.trim();
  read.is = (name) => made.elements[name].checked;
  read.all = (name) => [...made.querySelectorAll(`input[name="${name}"]:checked`)].map((i) => i.value);
  return read;
}

// A time or a number that is typed in part reads as empty: that is not what was meant.
function unfinished(made) {
  const half = [...made.elements].filter((input) => input.validity?.badInput);
  if (!half.length) return;
  const fault = new Error("Please look at what is marked.");
  fault.details = half.map((input) => ({ field: input.name, message: "is not complete" }));
  throw fault;
}

function clear(made, fault) {
  fault.textContent = "";
  for (const input of made.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  for (const place of made.querySelectorAll(".field .fault")) place.hidden = true;
}

function tell(made, fault, error) {
  let first = null;
  for (const detail of error.details || []) {
    const name = detail.field.split(/[.[]/).at(-1);
    const holder = made.querySelector(`[data-field="${CSS.escape(name)}"]`);
    if (!holder) continue;
    const input = holder.querySelector("input, select, textarea");
    const place = holder.querySelector(".fault");
    place.textContent = detail.message;
    place.hidden = false;
    input.setAttribute("aria-invalid", "true");
    first ||= input;
  }
  fault.textContent = first ? "Please look at what is marked." : error.message;
  first?.focus();
}
