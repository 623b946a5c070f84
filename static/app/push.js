// Push messages to this browser, by its service worker.

import { get, own, post, remove } from "./api.js";
import { action, el, say } from "./dom.js";
import { t } from "./text.js";
import { startWorker } from "./worker.js";

const able = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

const bytes = (text) => Uint8Array.from(
  atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

async function present() {
  const registration = await navigator.serviceWorker.getRegistration();
  return registration ? registration.pushManager.getSubscription() : null;
}

async function optIn() {
  if ((await Notification.requestPermission()) !== "granted") {
    throw new Error(t("This browser does not allow it. Its settings for this page can change that."));
  }
  await startWorker();
  const registration = await navigator.serviceWorker.ready;
  const { publicKey } = await get(["push", "vapid-key"]);
  const options = { userVisibleOnly: true, applicationServerKey: bytes(publicKey) };
  const subscription = await registration.pushManager.subscribe(options);
  try {
    await post(own("push-subscriptions"), subscription.toJSON());
  } catch (error) {
    if (error.code !== "subscribed_by_another") throw error;
    // Somebody else used this browser before: theirs is given up, and a new one made.
    await subscription.unsubscribe();
    const fresh = await registration.pushManager.subscribe(options);
    await post(own("push-subscriptions"), fresh.toJSON());
  }
}

export async function optOut() {
  const subscription = able() ? await present() : null;
  if (!subscription) return;
  try {
    // The same again changes nothing, and names the one that is to go.
    const { id } = await post(own("push-subscriptions"), subscription.toJSON());
    await remove(own("push-subscriptions", id));
  } catch (error) {
    if (error.code !== "subscribed_by_another") throw error;
  }
  await subscription.unsubscribe();
}

// A browser may have changed its subscription while nobody looked: the box learns of it again.
export async function refreshPush() {
  try {
    const subscription = able() && Notification.permission === "granted" ? await present() : null;
    if (subscription) await post(own("push-subscriptions"), subscription.toJSON());
  } catch { /* the settings show what is so */ }
}

export function pushSettings() {
  const state = el("p");
  const place = el("div", {}, state);
  const draw = async () => {
    if (!able()) {
      state.textContent = location.protocol === "https:" || location.hostname === "localhost"
        ? t("This browser cannot receive push messages.")
        : t("Push needs this page to be served over https.");
      return;
    }
    const on = Boolean(await present());
    state.textContent = on ? t("This browser receives push messages.") : t("Off in this browser.");
    const button = action(on ? t("Turn push off") : t("Turn push on"), async () => {
      await (on ? optOut() : optIn());
      await draw();
      place.querySelector("button").focus();
      say(state.textContent);
    });
    place.replaceChildren(state, button);
  };
  draw().catch((error) => { state.textContent = error.message; });
  return place;
}
