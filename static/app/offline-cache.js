// What the service worker keeps for times without the box: the page itself, and what is read of the
// brief, the tasks and the days. Nothing of it is shown while the box answers.

const SHELL = "box-page";
const KEPT = "box-kept";
const PAGE = new URL("./", self.location);
const ROOT = new URL("../", self.location);
const READ = [/^app\/session$/, /^users\/[^/]+$/, /^users\/[^/]+\/(?:tasks|projects|briefs|calendar-events|calendar-feeds)$/,
  /^users\/[^/]+\/briefs\/[\d-]+$/, /^users\/[^/]+\/notifications$/];

const isPage = (url) => url.href.startsWith(PAGE.href) && !url.pathname.endsWith("/session");
const isRead = (url) => url.href.startsWith(ROOT.href)
  && READ.some((pattern) => pattern.test(url.pathname.slice(ROOT.pathname.length)));

// The answer to a request of the page, or null for what is left to the browser.
export function answerTo(request) {
  const url = new URL(request.url);
  if (request.method !== "GET") return null;
  if (request.headers.get("X-Box-Page") && isRead(url)) return fresh(request, KEPT);
  if (isPage(url)) return fresh(request, SHELL);
  return null;
}

// From the box as long as it answers; what was kept is marked.
async function fresh(request, name) {
  try {
    const answer = await fetch(request);
    if (answer.status === 401) await caches.delete(KEPT); // of somebody who is signed in no more
    else if (answer.ok) await (await caches.open(name)).put(key(request), answer.clone());
    return answer;
  } catch (error) {
    const kept = await (await caches.open(name)).match(key(request));
    if (!kept) throw error;
    const headers = new Headers(kept.headers);
    headers.set("X-Box-Kept", "1");
    return new Response(kept.body, { status: kept.status, headers });
  }
}

// One page for every address of it: what follows # is not sent.
const key = (request) => (request.mode === "navigate" ? PAGE.href : request.url);

// The page and all its modules, so that it opens even if it was opened only once before.
export async function keepPage() {
  const seen = new Set(["./", "app.css", "icon.svg", "icon-192.png", "manifest.webmanifest", "texts.json"]);
  const shell = await caches.open(SHELL);
  for (const name of seen) {
    const url = new URL(name, PAGE);
    const answer = await fetch(url, { cache: "no-cache", headers: { "X-Box-Page": "1" } });
    if (!answer.ok) continue;
    await shell.put(url.href, answer.clone());
    const text = /\.js$|^\.\/$/.test(name) ? await answer.text() : "";
    for (const [, found] of text.matchAll(/(?:from "\.\/|src=")([\w-]+\.js)"/g)) seen.add(found);
  }
}
