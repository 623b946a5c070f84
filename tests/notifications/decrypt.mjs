// Reads a push message as a browser does: RFC 8291 and RFC 8188 with nothing but Node's own crypto,
// and checks who sent it (RFC 8292). Standard input and output are JSON.
import crypto from "node:crypto";
import fs from "node:fs";

const given = JSON.parse(fs.readFileSync(0, "utf8"));
const bytes = (text) => Buffer.from(text, "base64url");

function plain(body, { privateKey, publicKey, auth }) {
  const salt = body.subarray(0, 16);
  const recordSize = body.readUInt32BE(16);
  const idLength = body.readUInt8(20);
  const senderKey = body.subarray(21, 21 + idLength);
  const browser = crypto.createECDH("prime256v1");
  browser.setPrivateKey(bytes(privateKey));
  const shared = browser.computeSecret(senderKey);
  const hkdf = (key, salted, info, length) =>
    Buffer.from(crypto.hkdfSync("sha256", key, salted, info, length));
  const info = Buffer.concat([Buffer.from("WebPush: info\0"), bytes(publicKey), senderKey]);
  const secret = hkdf(shared, bytes(auth), info, 32);
  const key = hkdf(secret, salt, Buffer.from("Content-Encoding: aes128gcm\0"), 16);
  const base = hkdf(secret, salt, Buffer.from("Content-Encoding: nonce\0"), 12);
  const parts = [];
  let at = 21 + idLength;
  for (let number = 0; at < body.length; number += 1) {
    const record = body.subarray(at, at + recordSize);
    at += record.length;
    const nonce = Buffer.from(base);
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ number) >>> 0, 8);
    const opener = crypto.createDecipheriv("aes-128-gcm", key, nonce);
    opener.setAuthTag(record.subarray(-16));
    const padded = Buffer.concat([opener.update(record.subarray(0, -16)), opener.final()]);
    let end = padded.length - 1;
    while (padded[end] === 0) end -= 1;
    if (padded[end] !== (at < body.length ? 1 : 2)) throw new Error("wrong delimiter");
    parts.push(padded.subarray(0, end));
  }
  return Buffer.concat(parts).toString("utf8");
}

function claims(authorization, trusted) {
  const [, token, key] = /^vapid t=([\w.-]+),\s*k=([\w-]+)$/.exec(authorization);
  if (key !== trusted) throw new Error("signed by another key than browsers subscribe to");
  const point = bytes(key);
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString("base64url"));
  const publicKey = crypto.createPublicKey({ key: { kty: "EC", crv: "P-256", x, y }, format: "jwk" });
  const [header, payload, signature] = token.split(".");
  const valid = crypto.verify(
    "sha256", Buffer.from(`${header}.${payload}`),
    { key: publicKey, dsaEncoding: "ieee-p1363" }, bytes(signature));
  if (!valid) throw new Error("the signature is not valid");
  return { ...JSON.parse(bytes(payload)), ...JSON.parse(bytes(header)) };
}

process.stdout.write(JSON.stringify({
  text: plain(bytes(given.body), given),
  claims: claims(given.authorization, given.vapidKey),
}));
