// The frontend's receiver of notification mails, in ten lines (docs/frontend.md#mail-receivers).
import { createServer } from "node:http";
import { createHash, timingSafeEqual } from "node:crypto";

const secret = process.env.PRIVATE_BUILDOS_WEBHOOK_SECRET;
const digest = (text) => createHash("sha256").update(text).digest();

export function accepts(headers, raw) {
  const known = timingSafeEqual(digest(headers.authorization ?? ""), digest(`Bearer ${secret}`));
  const mail = JSON.parse(raw);
  const needed = ["recipientEmail", "recipientUserId", "subject", "htmlContent", "textContent", "deliveryId",
    "eventId", "eventType"];
  return known && needed.every((name) => typeof mail[name] === "string" && mail[name] !== "");
}

const server = createServer(async (request, response) => {
  const chunks = await request.toArray();
  const taken = accepts(request.headers, Buffer.concat(chunks));
  response.writeHead(taken ? 200 : 500).end(JSON.stringify(taken ? { messageId: "node-2" } : {}));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
