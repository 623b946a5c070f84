// Makes the calls that standard input lists, one after another, and prints what was answered.
// A path or body may hold {name}: a value that an earlier answer gave (`keep`).
let input = "";
for await (const piece of process.stdin) input += piece;
const { base, token, calls } = JSON.parse(input);
const kept = {};
const filled = (value) =>
  JSON.parse(JSON.stringify(value ?? null).replace(/\{(\w+)\}/g, (all, name) => kept[name] ?? all));
const answers = [];
for (const call of calls) {
  const response = await fetch(base + filled(call.path), {
    method: call.method,
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      "X-Correlation-ID": `frontend-${answers.length}`,
    },
    body: call.body === undefined ? undefined : JSON.stringify(filled(call.body)),
  });
  const json = await response.json().catch(() => null);
  for (const [name, field] of Object.entries(call.keep ?? {})) kept[name] = json?.[field];
  answers.push({
    status: response.status,
    correlation: response.headers.get("x-correlation-id"),
    json,
  });
}
process.stdout.write(JSON.stringify(answers));
