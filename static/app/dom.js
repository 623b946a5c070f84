// Elements are made, never parsed: what people typed cannot become markup.

import { t } from "./text.js";

export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (name === "checked" || name === "value") made[name] = value;
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat(9).filter((child) => child !== null && child !== undefined));
  return made;
}

let count = 0;
export const newId = (stem) => `${stem}-${(count += 1)}`;

let undoing = null;

// Says what was done; `undo`, if given, can take it back for a while, by its button or Ctrl+Z.
export function say(text, undo = null) {
  const place = document.getElementById("said");
  const button = document.getElementById("undo");
  clearTimeout(say.timer);
  // Emptied first, so that the same words said twice are read out twice.
  place.textContent = "";
  button.hidden = !undo;
  undoing = undo;
  setTimeout(() => { place.textContent = text; }, 30);
  say.timer = setTimeout(() => {
    place.textContent = "";
    button.hidden = true;
    undoing = null;
  }, undo ? 10000 : 6000);
}

export async function takeBack() {
  const undo = undoing;
  if (!undo) return false;
  undoing = null;
  document.getElementById("undo").hidden = true;
  try {
    await undo();
    say(t("Taken back."));
  } catch (error) {
    say(error.message);
  }
  return true;
}

// A button that works once at a time; what fails is said.
export function action(label, work, properties = {}) {
  const button = el("button", { type: "button", ...properties }, label);
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-disabled")) return;
    button.setAttribute("aria-disabled", "true");
    try {
      await work(button);
    } catch (error) {
      say(error.message);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  });
  return button;
}

// A window above a page, closed when another page is gone to, as by the browser's Back.
export function dialog(title, ...children) {
  const made = lastingDialog(title, ...children);
  const leave = () => made.close();
  addEventListener("hashchange", leave);
  made.addEventListener("close", () => removeEventListener("hashchange", leave));
  return made;
}

// A window above every page, closed by Escape; what had the focus before has it again.
export function lastingDialog(title, ...children) {
  const id = newId("dialog");
  const close = el("button", { type: "button", class: "quiet", "aria-label": t("Close") }, "✕");
  const made = el("dialog", { "aria-labelledby": id },
    el("div", { class: "row between" }, el("h2", { id }, title), close), children);
  close.addEventListener("click", () => made.close());
  made.addEventListener("close", () => made.remove());
  document.body.append(made);
  made.showModal();
  return made;
}
