#!/bin/sh
# Runs busted under $LUA_BIN on the specs given (files or directories), each file in a process of its
# own: one that crashes or hangs takes no other down. The environment (LUA, LUA_BIN, BUILD, LUA_PATH,
# LUA_CPATH) comes from `make test-lua`. With RESULTS set, leaves $RESULTS.tally ("passed failed
# skipped" of each file) and $RESULTS.failures. Nothing that a spec started outlives this script.
set -u
cd "$(dirname "$0")/.." || exit 1
unset LUA_PATH_5_2 LUA_PATH_5_3 LUA_PATH_5_4 LUA_CPATH_5_2 LUA_CPATH_5_3 LUA_CPATH_5_4
unset MOMENTO_API_KEY MOMENTO_AUTH_TOKEN MOMENTO_ENDPOINT
FILE_TIMEOUT=300 # seconds

work=$(mktemp -d "${TMPDIR:-/tmp}/momento-spec.XXXXXX")
results=${RESULTS:-$work/results}
export RESULTS="$work/file" SPEC_RUN="$$-$(basename "$work")" SPEC_DIR="$work"
: >"$results.tally"
: >"$results.failures"

stop_strays() {
  for environ in $(grep -l -s -a "SPEC_PROCESS=$SPEC_RUN" /proc/[0-9]*/environ); do
    pid=${environ#/proc/}
    kill -9 "${pid%/environ}" 2>/dev/null
  done
}
trap 'stop_strays; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

busted=$(command -v busted) || { echo "busted is not installed: make deps" >&2; exit 1; }

run() { # spec file
  rm -f "$RESULTS".*
  timeout --foreground -k 10 $FILE_TIMEOUT "$LUA_BIN" "$busted" "$1"
  code=$?
  if [ ! -s "$RESULTS.tally" ]; then
    read -r passed failed skipped name 2>/dev/null <"$RESULTS.current" || name=$1
    echo "${passed:-0} $((${failed:-0} + 1)) ${skipped:-0}" >"$RESULTS.tally"
    echo "== Lua $LUA: $1 ended with code $code in the middle of: $name" |
      tee -a "$RESULTS.failures"
    stop_strays
  fi
  cat "$RESULTS.tally" >>"$results.tally"
  cat "$RESULTS.failures" >>"$results.failures"
}

for file in $(find "$@" -name '*_spec.lua' | LC_ALL=C sort); do
  run "$file"
done
awk -v lua="$LUA" '
  { passed += $1; failed += $2; skipped += $3 }
  END {
    printf "Lua %s: %d passed, %d failed", lua, passed, failed
    if (skipped) printf ", %d skipped", skipped
    print ""
    exit failed > 0 || passed == 0
  }' "$results.tally"
