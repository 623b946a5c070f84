// Where chat messages go: a service of the box and one's own part of its address, proved by a code.

import { own, post, remove as erase } from "./api.js";
import { action, el } from "./dom.js";
import { choice, form, text } from "./forms.js";
import { t } from "./text.js";

function inWords({ service, target, available }) {
  if (!service) return t("The box knows no chat of yours.");
  if (!available) return t("{service} is not offered any more.", { service });
  return t("{service} {target}: verified", { service, target });
}

export function chat(known) {
  const state = el("p", {}, inWords(known));
  const remove = action(t("Remove it"), async () => {
    await erase(own("chat"));
    state.textContent = inWords({});
    remove.hidden = true;
  });
  remove.hidden = !known.service;
  const code = form(t("Verify"), [text("code", t("Code from your chat"), "", {
    inputmode: "numeric", autocomplete: "one-time-code", hint: t("Six digits, good for ten minutes."),
  })], t("Verify"), async (read) => {
    const { service } = await post(own("chat", "verify"), { code: read("code") });
    state.textContent = t("{service}: verified", { service });
    code.hidden = true;
    remove.hidden = false;
    return t("Your chat is verified.");
  });
  code.hidden = true;
  const hint = Object.fromEntries(known.services.map((one) => [one.name, one.hint]));
  const service = choice("service", t("Chat service"), known.service, known.services.map(({ name }) => [name, name]));
  const target = text("target", t("Your part of its address"), "", { autocomplete: "off", hint: " " });
  const asked = () => hint[service.querySelector("select").value] ?? "";
  const fit = () => { target.querySelector(".hint").textContent = asked(); };
  service.addEventListener("change", fit);
  fit();
  return [state, remove, form(t("Your chat"), [service, target], t("Send a code"), async (read) => {
    await post(own("chat"), { service: read("service"), target: read("target") });
    code.hidden = false;
    code.querySelector("input").focus();
    return t("A code is on its way.");
  }, { keep: "chat", faults: { get target() { return asked(); } } }), code];
}
