// A receiver that mirrors briefs, jobs and mails into tables of its own (docs/frontend.md#mirror).
// GET / answers with the tables, as JSON.
import { createServer } from "node:http";
import { createHmac, timingSafeEqual } from "node:crypto";

const database = { seen: new Set(), daily_briefs: new Map(), queue_jobs: new Map(), emails: new Map() };
const tables = { brief: "daily_briefs", job: "queue_jobs", email: "emails" };

export function accepts(secret, headers, raw) {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const at = headers["webhook-timestamp"];
  const signed = `${headers["webhook-id"]}.${at}.${raw}`;
  const own = Buffer.from("v1," + createHmac("sha256", key).update(signed).digest("base64"));
  const fresh = Math.abs(Date.now() / 1000 - Number(at)) <= 300;
  const sent = (headers["webhook-signature"] ?? "").split(" ").map((one) => Buffer.from(one));
  return fresh && sent.some((one) => one.length === own.length && timingSafeEqual(one, own));
}

export function mirror(database, event) {
  if (database.seen.has(event.id)) return;
  for (const [name, table] of Object.entries(tables)) {
    const row = event.data[name];
    if (row) database[table].set(row.id, row);
  }
  database.seen.add(event.id);
}

function shown() {
  const named = Object.values(tables).map((name) => [name, [...database[name].values()]]);
  return JSON.stringify(Object.fromEntries(named));
}

const server = createServer(async (request, response) => {
  if (request.method === "GET") return response.end(shown());
  const raw = Buffer.concat(await request.toArray()).toString();
  const genuine = accepts(process.env.WEBHOOK_SECRET, request.headers, raw);
  if (genuine) mirror(database, JSON.parse(raw));
  response.writeHead(genuine ? 204 : 401).end();
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
