#!/bin/sh
# Runs suites and sums them up: tools/test.sh SUITE...   where a SUITE is
#   c          the C tests
#   5.4        all specs under that Lua (5.1 5.2 5.3 5.4 luajit)
#   5.1:unit   only spec/unit under that Lua
# Goes on after a failure; ends with what failed and why, then "N passed, N failed[, N skipped]".
set -u
cd "$(dirname "$0")/.." || exit 1
make=${MAKE:-make}
results=build/results
rm -rf "$results"
mkdir -p "$results"

# A suite leaves NAME.tally ("passed failed skipped") and NAME.failures (text). One that leaves no
# tally did not run to its end: that is a failure too.
broken() { # name, log
  echo "0 1 0" >"$results/$1.tally"
  { echo "== $1 did not run to its end:"; tail -n 40 "$2"; } >"$results/$1.failures"
}

run_c() {
  log=$results/c-build.log
  $make -s c-tests >"$log" 2>&1 || { broken c-build "$log"; return; }
  for program in build/c/*_test; do
    [ -x "$program" ] || continue
    name=c-$(basename "$program")
    log=$results/$name.log
    timeout 300 "$program" >"$log" 2>&1
    code=$?
    last=$(tail -n 1 "$log")
    passed=$(expr "$last" : '\([0-9][0-9]*\) passed, [0-9][0-9]* failed' || true)
    failed=$(expr "$last" : '[0-9][0-9]* passed, \([0-9][0-9]*\) failed' || true)
    if [ -z "$passed" ] || { [ "$code" -ne 0 ] && [ "$failed" = 0 ]; }; then
      echo "exit code $code" >>"$log"
      broken "$name" "$log"
    else
      # A program is one test of the total: some check millions of rows.
      if [ "$failed" = 0 ]; then echo "1 0 0"; else echo "0 $failed 0"; fi >"$results/$name.tally"
      [ "$failed" = 0 ] || { echo "== $name:"; tail -n 40 "$log"; } >"$results/$name.failures"
    fi
    echo "$name: $last"
  done
}

run_lua() { # lua, directory or nothing
  name=lua-$1
  log=$results/$name.log
  echo "== Lua $1"
  $make -s LUA="$1" all >"$log" 2>&1 || { broken "$name" "$log"; return; }
  if [ -n "$2" ]; then set -- "$1" "SPECS=spec/$2"; else set -- "$1"; fi
  lua=$1
  shift
  { RESULTS=$results/$name $make -s LUA="$lua" "$@" test-lua 2>&1; } | tee "$log"
  [ -s "$results/$name.tally" ] || broken "$name" "$log"
}

for suite in "$@"; do
  case $suite in
    c) run_c ;;
    *:*) run_lua "${suite%%:*}" "${suite#*:}" ;;
    *) run_lua "$suite" "" ;;
  esac
done

echo
cat "$results"/*.failures 2>/dev/null
cat "$results"/*.tally | awk '
  { passed += $1; failed += $2; skipped += $3 }
  END {
    printf "%d passed, %d failed", passed, failed
    if (skipped) printf ", %d skipped", skipped
    print ""
    exit failed > 0 || passed == 0
  }'
