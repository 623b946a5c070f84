// Signing in, by a mailed link, a link from an operator, or a token; and being signed out.

import { call, find, path, person } from "./api.js";
import { action, el, lastingDialog } from "./dom.js";
import { form, folded, text } from "./forms.js";
import { parts, t } from "./text.js";

export const readSession = () => find(["app", "session"]);
export const openSession = (body) => call("POST", path(["app", "session"]), body);
export const closeSession = () => call("DELETE", path(["app", "session"]));

// The ways in; `entered(session)` is called when one of them has worked.
export function waysIn(entered) {
  return [mailForm(), folded(t("Sign in with a token"), false, tokenForm(entered))];
}

function mailForm() {
  const made = form(t("Sign in by mail"), [
    text("email", t("Your mail address"), person.email, { type: "email", autocomplete: "email" }),
  ], t("Mail me a link"), async (read) => {
    const email = read("email");
    await call("POST", path(["app", "sign-in-mail"]), { email });
    const told = el("p", { role: "status", tabindex: "-1" }, t("If {email} is known here, a link is on its way."
      + " It works once, in the next 20 minutes.", { email }));
    made.replaceWith(told);
    told.focus();
  }, { faults: { email: t("Write your mail address, like ada@example.org.") } });
  return made;
}

function tokenForm(entered) {
  const whose = text("userId", t("Whose page?"), "", {
    hint: t("This token may act for everyone. Give the user's id."), autocomplete: "off",
  });
  whose.hidden = true;
  const hint = t("It begins with bos_. Whoever runs this box can give you one.");
  return form(t("Sign in with a token"), [
    text("token", t("Your token"), "", {
      type: "password", autocomplete: "current-password", hint,
    }),
    whose,
  ], t("Sign in"), async (read) => {
    const body = { token: read("token") };
    if (!whose.hidden) body.userId = read("userId");
    try {
      await entered(await openSession(body));
    } catch (error) {
      if (error.details?.some((detail) => detail.field === "userId")) whose.hidden = false;
      throw error;
    }
  }, { faults: { token: hint } });
}

// A link may come from anybody: it signs in only whom it names, and only when they say so. Mail
// scanners, which open links and run scripts, use none up by it.
export async function askFirst(code, { entered, leaving, refused }) {
  const link = await call("POST", path(["app", "sign-in-link"]), { code });
  const name = link.name || link.userId;
  return [
    el("p", {}, parts(t("This link signs you in as {name}."), { name: el("strong", {}, name) })),
    link.replaces ? el("p", { role: "alert" }, parts(
      t("You are signed in as {other} now. You will be signed out of that page."),
      { other: el("strong", {}, link.replaces) })) : "",
    el("p", { class: "row" },
      action(t("Sign in as {name}", { name }), async () => {
        if (link.replaces) await leaving();
        await entered(await openSession({ code, replace: Boolean(link.replaces) }));
      }, { class: "main" }),
      action(t("Do not sign in"), refused)),
  ];
}

let open = null;

// Above the page, which keeps what was typed; it goes when the same person is signed in again,
// here or in another window.
export function sayEnded(goOn) {
  if (open) return;
  const entered = async (session) => {
    if (session.userId !== person.id) { location.reload(); return; }
    const ended = open;
    open = null;
    ended?.close();
    await goOn();
  };
  open = lastingDialog(t("You were signed out"),
    el("p", {}, t("What you typed is still here. Sign in again to go on.")), waysIn(entered));
  open.addEventListener("cancel", (event) => event.preventDefault());
  open.addEventListener("close", () => {
    if (open) location.reload(); // closed without signing in: nothing is left to be kept
  });
  const look = async () => {
    if (!open) { removeEventListener("focus", look); return; }
    try {
      await entered(await readSession());
    } catch { /* still signed out */ }
  };
  addEventListener("focus", look);
}
