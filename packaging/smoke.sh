#!/usr/bin/env bash
# Tries the one executable in an empty root: the C library, a /tmp and nothing else. No Python.
# usage: packaging/smoke.sh [FILE]       dist/buildos-box if not said. Needs bwrap, or root for chroot.
set -euo pipefail
cd "$(dirname "$0")/.."
file=$(realpath "${1:-dist/buildos-box}")

root=$(mktemp -d)
server=
double=
finish() {
    if [ -n "$double" ]; then kill "$double" 2>/dev/null || true; fi
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
    mountpoint -q "$root/dev" 2>/dev/null && umount -l "$root/dev"
    rm -rf --one-file-system "$root"
}
trap finish EXIT

mkdir -p "$root"/{bin,tmp,dev,proc,data}
cp "$file" "$root/bin/buildos-box"
# The loader, the C library's parts that Python opens at run time, and what the file is linked to.
{
    ldd "$file" | grep -o '/[^ ]*' || true
    for name in libc libm libdl libpthread librt libutil libnss_files libnss_dns libresolv libz; do
        ldconfig -p | grep -o "/[^ ]*/$name\.so\.[0-9]$" | head -1 || true
    done
} | sort -u | while read -r library; do install -D "$library" "$root$library"; done
if find "$root" -name '*python*' | grep -q .; then echo "there is a Python in the root"; exit 1; fi

if command -v bwrap >/dev/null && bwrap --ro-bind / / true 2>/dev/null; then
    bare() { bwrap --ro-bind "$root" / --dev /dev --remount-ro /dev --proc /proc --bind "$root/data" /data \
        --unshare-pid --die-with-parent --chdir / --clearenv "$@"; }
    inside() { exec bwrap --bind "$root" / --dev /dev --proc /proc --tmpfs /tmp --bind "$root/data" /data \
        --unshare-pid --as-pid-1 --die-with-parent --chdir /data --clearenv --setenv HOME /data --setenv TERM xterm "$@"; }
else
    mount --rbind /dev "$root/dev"
    chroot=$(PATH=$PATH:/usr/sbin command -v chroot)
    inside() { exec env -i HOME=/data TERM=xterm "$chroot" "$root" "$@"; }
fi

step() { printf '== %s\n' "$*"; }
step "--version and tui --version"
(inside /bin/buildos-box --version)
(inside /bin/buildos-box tui --version)

step "demo"
(inside /bin/buildos-box demo) >"$root/demo.txt" 2>&1 || { cat "$root/demo.txt"; exit 1; }
grep -q "Open the brief by its mail" "$root/demo.txt" || { cat "$root/demo.txt"; exit 1; }

# Stands for a store that refuses and an ntfy that takes; it writes its port and what it was sent.
python3 - "$root/port" "$root/sent.txt" <<'PY' &
import http.server, json, sys

port, sent = sys.argv[1:]


class Both(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(403, b"<Error><Code>AccessDenied</Code><Message>No</Message></Error>")

    do_GET = do_HEAD = do_DELETE = do_PUT

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "uploads" in self.path:
            return self.answer(403, b"<Error><Code>AccessDenied</Code><Message>No</Message></Error>")
        open(sent, "ab").write(body + b"\n")
        self.answer(200, json.dumps({"id": "m1"}).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.command != "HEAD" else b"")

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Both)
open(port + ".new", "w").write(str(server.server_port))
__import__("os").replace(port + ".new", port)
server.serve_forever()
PY
double=$!
until [ -s "$root/port" ]; do sleep 0.1; done
port=$(<"$root/port")

step "a key for backups"
(inside /bin/buildos-box backup key /data/box.key)
cat >"$root/data/config.toml" <<TOML
[backup]
recipient = "$(sed -n 's/^# public key: //p' "$root/data/box.key")"
[backup.s3]
endpoint = "http://127.0.0.1:$port"
region = "x"
access_key_id = "x"
secret_access_key = "x"
[chat.ntfy]
url = "ntfy://127.0.0.1:$port/{target}"
TOML

step "serve"
(inside /bin/buildos-box serve --config /data/config.toml --port 0 --data /data/box) >"$root/serve.txt" 2>&1 &
server=$!
for _ in $(seq 300); do
    url=$(sed -n 's/^BuildOS Box.* serves \(http[^ ]*\).*/\1/p' "$root/serve.txt")
    [ -n "$url" ] && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
[ -n "$url" ] || { cat "$root/serve.txt"; exit 1; }
python3 - "$url" "$root/data/box/admin-token" <<'PY'
import json, sys, time, urllib.request

url, token = sys.argv[1], open(sys.argv[2]).read().strip()


def ask(path, body=None):
    request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {token}"})
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read()


assert json.loads(ask("/health"))["status"]
ask("/sync", {"users": [{"id": "ada", "email": "ada@example.org", "timezone": "Europe/Berlin", "country": "DE", "locale": "de"}]})
job = json.loads(ask("/queue/brief", {"userId": "ada"}))["jobId"]
for _ in range(200):
    status = json.loads(ask(f"/jobs/{job}"))["status"]
    if status == "completed":
        break
    time.sleep(0.1)
assert status == "completed", status
day = json.loads(ask("/users/ada/briefs"))["briefs"][0]["briefDate"]
assert "Nichts geplant" in json.loads(ask(f"/users/ada/briefs/{day}"))["subject"]  # of its catalogue
ask("/users/ada/chat", {"service": "ntfy", "target": "ada-topic", "confirmed": True})
job = json.loads(ask("/queue/test-chat", {"userId": "ada"}))["jobId"]
for _ in range(200):
    status = json.loads(ask(f"/jobs/{job}"))["status"]
    if status in ("completed", "failed"):
        break
    time.sleep(0.1)
assert status == "completed", ask(f"/jobs/{job}")
assert b"<!doctype html>" in ask("/app/") and b"rapi-doc" in ask("/docs")
PY
# bwrap stands between; it passes on how its child ends, but no signal.
inner=$(pgrep -P "$server" | head -1 || true)
grep -q ada-topic "$root/sent.txt"  # by the extra chat
kill -TERM "${inner:-$server}"; wait "$server" || { cat "$root/serve.txt"; exit 1; }
server=
step "a backup to a store that refuses it"
said=$( (inside /bin/buildos-box backup --config /data/config.toml --data /data/box --to s3://bucket/box) 2>&1 || true)
grep -q "AccessDenied" <<<"$said" || { echo "$said"; exit 1; }
if declare -F bare >/dev/null; then
    step "no home, nothing to write to but the data folder"
    said=$(bare /bin/buildos-box --version 2>&1 || true)
    grep -q "BUILDOS_BOX_CACHE" <<<"$said" || { echo "$said"; exit 1; }
    bare --setenv BUILDOS_BOX_DATA__DIR /data /bin/buildos-box --version
    test -d "$root"/data/.program/*/_internal
    step "a copy that lost a file is unpacked again; a file that is cut off says so"
    rm "$root"/data/.program/*/_internal/base_library.zip
    bare --setenv BUILDOS_BOX_DATA__DIR /data /bin/buildos-box --version
    head -c -100 "$file" >"$root/bin/cut"; chmod +x "$root/bin/cut"
    said=$(bare /bin/cut --version 2>&1 || true)
    grep -q "cut off" <<<"$said" || { echo "$said"; exit 1; }
fi
step "it runs where no Python is"
