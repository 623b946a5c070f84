// Forms: every field has its label, its hint and a place where its fault is told. What was typed and
// not saved yet is kept while people look at other pages.

import { el, newId, say } from "./dom.js";
import { readsEnglish } from "./refusals.js";
import { t } from "./text.js";

const drafts = new Map();
addEventListener("beforeunload", (event) => { if (drafts.size) event.preventDefault(); });

export const forgetDrafts = () => drafts.clear();

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

// What is rarely wanted, folded away.
export const folded = (label, open, ...children) =>
  el("details", { open }, el("summary", {}, label), children);

// `save(read)` gets the values: `read("name")`, `read.is("name")`, `read.all("name")`; it returns what
// is said then, or that with what takes it back: `[words, undo]`. `keep` names
// the draft that outlives the page; `faults` says in words what is wrong with a field.
export function form(label, children, button, save, { keep, faults = {} } = {}) {
  const fault = el("p", { class: "fault", role: "alert" });
  const unsaved = el("span", { class: "soft", hidden: true }, t("Not saved yet"));
  const made = el("form", { "aria-label": label, novalidate: true }, children, fault,
    el("p", { class: "row" }, el("button", { class: "main" }, button), unsaved));
  if (keep) {
    restore(made, keep, unsaved);
    made.addEventListener("input", () => {
      drafts.set(keep, values(made));
      unsaved.hidden = false;
    });
  }
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
      drafts.delete(keep);
      unsaved.hidden = true;
      if (said) say(...[said].flat());
    } catch (error) {
      tell(made, fault, error, faults);
    } finally {
      busy = false;
      submit.removeAttribute("aria-disabled");
    }
  });
  return made;
}

const named = (made) => [...made.elements].filter((input) => input.name);
const isBox = (input) => input.type === "checkbox" || input.type === "radio";

const values = (made) => named(made).map((input) => (isBox(input) ? input.checked : input.value));

function restore(made, keep, unsaved) {
  const kept = drafts.get(keep);
  const inputs = named(made);
  if (!kept || kept.length !== inputs.length) return;
  inputs.forEach((input, n) => {
    if (isBox(input)) input.checked = kept[n];
    else input.value = kept[n];
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  unsaved.hidden = false;
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
  const fault = new Error(t("Please look at what is marked."));
  fault.details = half.map((input) => ({ field: input.name, whole: t("This is not complete.") }));
  throw fault;
}

function clear(made, fault) {
  fault.textContent = "";
  for (const input of made.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  for (const place of made.querySelectorAll(".field .fault")) place.hidden = true;
}

function tell(made, fault, error, faults) {
  let first = null;
  for (const detail of error.details || []) {
    const name = detail.field.split(/[.[]/).at(-1);
    const holder = made.querySelector(`[data-field="${CSS.escape(name)}"]`);
    if (!holder) continue;
    const input = holder.querySelector("input, select, textarea");
    const place = holder.querySelector(".fault");
    place.textContent = detail.whole || faults[name] || sentence(holder, detail.message);
    place.hidden = false;
    holder.closest("details")?.setAttribute("open", "");
    input.setAttribute("aria-invalid", "true");
    first ||= input;
  }
  fault.textContent = first ? t("Please look at what is marked.") : error.message;
  first?.focus();
}

// The box says "must be …" of a field by its name; people read a sentence. A label may be a question.
function sentence(holder, message) {
  const label = holder.querySelector("label").textContent.replace(/^¿|\s*[?？]$/g, "");
  if (!readsEnglish) return t("{field}: this cannot be taken as it is.", { field: label });
  return t("{field}: {fault}.", { field: label, fault: message.replace(/[.]$/, "") });
}
