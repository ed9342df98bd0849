#!/bin/sh
# Runs busted under $LUA_BIN on the specs given (files or directories). The environment (LUA, LUA_BIN,
# BUILD, LUA_PATH, LUA_CPATH) comes from `make test-lua`. With RESULTS set, leaves $RESULTS.tally and
# $RESULTS.failures. Nothing that a spec started outlives this script, even when a spec crashes.
set -u
cd "$(dirname "$0")/.." || exit 1
unset LUA_PATH_5_2 LUA_PATH_5_3 LUA_PATH_5_4 LUA_CPATH_5_2 LUA_CPATH_5_3 LUA_CPATH_5_4
unset MOMENTO_API_KEY MOMENTO_AUTH_TOKEN MOMENTO_ENDPOINT
[ $# -gt 0 ] || { echo "no specs yet"; [ -z "${RESULTS:-}" ] || echo "0 0 0" >"$RESULTS.tally"; exit 0; }

work=$(mktemp -d "${TMPDIR:-/tmp}/momento-spec.XXXXXX")
export RESULTS="${RESULTS:-$work/results}" SPEC_RUN="$$-$(basename "$work")" SPEC_DIR="$work"

stop_strays() {
  for environ in $(grep -l -s -a "SPEC_PROCESS=$SPEC_RUN" /proc/[0-9]*/environ); do
    pid=${environ#/proc/}
    kill -9 "${pid%/environ}" 2>/dev/null
  done
}
trap 'stop_strays; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

busted=$(command -v busted) || { echo "busted is not installed: make deps" >&2; exit 1; }
timeout --foreground -k 10 "${SPEC_TIMEOUT:-600}" "$LUA_BIN" "$busted" "$@"
code=$?
if [ ! -s "$RESULTS.tally" ]; then
  echo "0 1 0" >"$RESULTS.tally"
  echo "== Lua $LUA ended with code $code in the middle of: $(cat "$RESULTS.current" 2>/dev/null)" |
    tee "$RESULTS.failures"
  exit 1
fi
# busted exits with the number of failures, of which the system keeps 8 bits.
read -r _ failed _ <"$RESULTS.tally"
[ "$failed" -eq 0 ]
