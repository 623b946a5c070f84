// A project's notes: shown as they are meant, changed as they are written.

import { all, own, patch, post } from "./api.js";
import { action, dialog, el } from "./dom.js";
import { area, form, text } from "./forms.js";
import { markdown } from "./markdown.js";
import { t } from "./text.js";
import { isGoing, removeThing } from "./toggles.js";
import { timeInWords } from "./dates.js";

export async function notes(place, project, page) {
  const draw = async () => {
    const found = await all(own("notes"), { project: project.id });
    if (page.isOver()) return;
    const shown = found.filter((note) => !isGoing(note.id));
    place.replaceChildren(el("h2", {}, t("Notes")),
      ...(shown.length ? shown.map((note) => card(note, project, draw))
        : [el("p", { class: "soft" }, t("No note yet."))]),
      action(t("New note"), () => write({}, project, draw)));
  };
  await draw();
}

const card = (note, project, draw) => el("article", { class: "card", id: `note-${note.id}` },
  note.title ? el("h3", {}, note.title) : null, markdown(note.content, 4),
  el("div", { class: "row" },
    action(t("Edit"), () => write(note, project, draw),
      { class: "small", "aria-label": t("Edit the note {title}", { title: note.title || "" }).trim() }),
    el("span", { class: "soft" }, t("Changed {when}", { when: timeInWords(note.updatedAt) }))));

function write(note, project, draw) {
  const window = dialog(note.id ? t("Note") : t("New note"));
  const made = form(t("Note"), [
    text("title", t("Title (optional)"), note.title, { autocomplete: "off", maxlength: 1000 }),
    area("content", t("Text"), note.content, { rows: 10, hint: t("Markdown: # heading, - list, **strong**.") }),
  ], t("Save"), async (read) => {
    const given = { title: read("title"), content: made.elements.content.value };
    if (note.id) await patch(["notes", note.id], given);
    else await post(["notes"], { projectId: project.id, ...given });
    window.close();
    await draw();
    return t("Saved.");
  }, { keep: note.id ? `note-${note.id}` : `new-note-${project.id}` });
  if (note.id) {
    made.querySelector("p.row").append(action(t("Delete"), async () => {
      window.close();
      await removeThing(["notes", note.id], note.title || t("Note"), draw);
    }, { class: "quiet" }));
  }
  window.append(made);
  made.elements.content.focus();
}
