// One line makes a task: the box reads it, and what it has understood is shown while it is typed.

import { get, own, post } from "./api.js";
import { el, say } from "./dom.js";
import { form, text } from "./forms.js";
import { t } from "./text.js";
import { dueInWords } from "./task-list.js";
import { PRIORITIES } from "./task-editor.js";
import { added } from "./toggles.js";
import { capital } from "./dates.js";

const PAUSE = 250;

export function quickAdd(onAdded) {
  const read = el("p", { class: "soft", "aria-live": "polite" });
  const line = text("text", t("New task"), "", {
    autocomplete: "off", maxlength: 1000, hint: t("Like: Pay rent friday 17:00 #Home !high"),
  });
  line.append(read);
  const input = line.querySelector("input");
  let timer = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => preview(input.value, read), PAUSE);
  });
  const made = form(t("Add a task"), [line], t("Add"), async (value) => {
    clearTimeout(timer);
    const { projectName, ...found } = await understand(value("text"));
    if (!found.projectId && projectName) {
      found.projectId = (await post(["projects"], { name: projectName })).id;
    }
    const given = Object.entries(found).filter(([, one]) => one !== null);
    const task = await post(own("tasks"), Object.fromEntries(given));
    input.value = "";
    read.textContent = "";
    input.focus();
    await onAdded(task);
    return added(["tasks", task.id], onAdded);
  }, { keep: "quick-add", faults: { text: t("Say in a few words what is to be done.") } });
  made.classList.add("line");
  return made;
}

const understand = (line) => get(own("quick-add"), { text: line });

async function preview(line, place) {
  if (!line.trim()) { place.textContent = ""; return; }
  try {
    const found = await understand(line);
    const priority = PRIORITIES().find(([key]) => key === found.priority)?.[1];
    const words = [capital(dueInWords(found)),
      found.projectName && (found.projectId ? found.projectName : t("new project {name}", { name: found.projectName })),
      priority && t("{priority} priority", { priority })].filter(Boolean);
    place.textContent = words.length ? `“${found.title}” · ${words.join(" · ")}` : "";
  } catch (error) {
    place.textContent = "";
    if (!error.details) say(error.message);
  }
}
