// Elements are made, never parsed: what people typed cannot become markup.

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

export function say(text) {
  const place = document.getElementById("said");
  clearTimeout(say.timer);
  // Emptied first, so that the same words said twice are read out twice.
  place.textContent = "";
  setTimeout(() => { place.textContent = text; }, 30);
  say.timer = setTimeout(() => { place.textContent = ""; }, 6000);
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
