#!/bin/sh
# A subscriber and a publisher, and messages going from one to the other; ends by itself. The
# environment comes from `make demo`: LUA_BIN, LUA_PATH, LUA_CPATH, and from tools/with_topicsd.sh a
# server.
set -eu
cd "$(dirname "$0")/.."
messages=5
work=$(mktemp -d "${TMPDIR:-/tmp}/momento-demo.XXXXXX")
subscriber=

finish() {
  code=$?
  trap - EXIT
  [ -z "$subscriber" ] || kill "$subscriber" 2>/dev/null || true
  [ "$code" -eq 0 ] || cat "$work"/*.log >&2
  rm -rf "$work"
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

# Waits until a file holds a line that matches; for 10 s at most.
wait_for() { # pattern, file
  tries=0
  until grep -q "$1" "$2" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 200 ] || { echo "demo: waited in vain for: $1" >&2; exit 1; }
    sleep 0.05
  done
}

echo "topicsd listens on $MOMENTO_ENDPOINT"
mkfifo "$work/pipe"
tee "$work/received" <"$work/pipe" | sed -u 's/^/                                    received: /' &
"$LUA_BIN" examples/subscribe.lua my-cache demo >"$work/pipe" 2>"$work/subscriber.log" &
subscriber=$!
wait_for '^listening' "$work/subscriber.log"

for i in $(seq "$messages"); do
  "$LUA_BIN" examples/publish.lua my-cache demo "hello $i"
  sleep 0.3
done

wait_for "hello $messages\$" "$work/received"
cut -f 2 "$work/received" >"$work/values"
seq -f 'hello %g' "$messages" | cmp "$work/values" - || {
  echo "demo: not all came, or not in order" >&2
  exit 1
}
kill "$subscriber"
wait "$subscriber" 2>/dev/null || true
subscriber=
sleep 0.1 # for the screen to show the last line
echo "$messages of $messages messages went through, in order"
