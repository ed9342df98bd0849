#!/bin/sh
# Runs a command with a topicsd of its own: tools/with_topicsd.sh COMMAND...
# The server is $TOPICSD (words; a wrapper such as valgrind may come first), on a free port; the
# command finds MOMENTO_ENDPOINT and MOMENTO_API_KEY in its environment. Fails when the command or
# the server does: what the server says at its end is printed then.
set -u
work=$(mktemp -d "${TMPDIR:-/tmp}/momento-topicsd.XXXXXX")
server=

finish() {
  trap - EXIT
  [ -z "$server" ] || kill "$server" 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

$TOPICSD --port 0 >"$work/out" 2>"$work/err" &
server=$!
tries=0
until grep -qs '^export MOMENTO_API_KEY=' "$work/out"; do
  tries=$((tries + 1))
  if [ "$tries" -gt 600 ] || ! kill -0 "$server" 2>/dev/null; then
    echo "topicsd did not start:" >&2
    cat "$work/err" >&2
    exit 1
  fi
  sleep 0.1
done
eval "$(grep '^export ' "$work/out")"

"$@"
code=$?
kill "$server"
wait "$server"
served=$?
server=
if [ "$served" -ne 0 ]; then
  echo "topicsd ended with code $served:" >&2
  cat "$work/err" >&2
fi
[ "$code" -eq 0 ] && [ "$served" -eq 0 ]
