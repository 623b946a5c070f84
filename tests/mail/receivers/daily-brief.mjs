// The frontend's receiver of brief mails, in ten lines (docs/frontend.md#mail-receivers).
import { createServer } from "node:http";
import { createHmac, timingSafeEqual } from "node:crypto";

const secret = process.env.PRIVATE_BUILDOS_WEBHOOK_SECRET;

export function accepts(headers, raw) {
  const sent = Buffer.from(headers["x-webhook-signature"] ?? "", "hex");
  const own = createHmac("sha256", secret).update(raw).digest();
  const age = Math.abs(Date.now() - Date.parse(headers["x-webhook-timestamp"]));
  const signed = sent.length === own.length && timingSafeEqual(sent, own);
  const { userId, briefId, briefDate, recipientEmail, timestamp, metadata } = JSON.parse(raw);
  const whole = userId && briefId && briefDate && recipientEmail && timestamp && metadata.emailRecordId
    && metadata.recipientRecordId && metadata.trackingId && metadata.subject;
  return signed && age <= 5 * 60_000 && headers["x-source"] === "daily-brief-worker" && Boolean(whole);
}

const server = createServer(async (request, response) => {
  const chunks = await request.toArray();
  const taken = accepts(request.headers, Buffer.concat(chunks));
  response.writeHead(taken ? 200 : 500).end(JSON.stringify(taken ? { messageId: "node-1" } : {}));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
