// The service worker: one for messages that are pushed, and for the page without the box.

// The policy of this page lets only this make addresses of workers, and this only the one.
const scripts = window.trustedTypes?.createPolicy("box-worker", { createScriptURL: () => "sw.js" });

export function startWorker() {
  return navigator.serviceWorker.register(scripts ? scripts.createScriptURL("") : "sw.js", { type: "module" });
}
