#!/bin/sh
# Runs the script that uses everything under valgrind, and the topicsd it talks to, too: no invalid
# access, nothing lost. Not with LuaJIT, which reads past the end of strings on purpose.
set -u
cd "$(dirname "$0")/.." || exit 1
make=${MAKE:-make}
mkdir -p build
log=$PWD/build/valgrind
check="valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite"
failed=

for lua in 5.4 5.1; do
  $make -s LUA="$lua" all || exit 1
  eval "$($make -s LUA="$lua" env)"
  if TOPICSD="$check --log-file=$log.topicsd.log build/topicsd" timeout 900 tools/with_topicsd.sh \
    env LUA_PATH="./?.lua;$LUA_PATH" $check --log-file="$log.lua.log" \
    "lua$lua" spec/support/everything.lua; then
    echo "valgrind: everything, $lua: clean"
  else
    cat "$log.lua.log" "$log.topicsd.log" | tail -n 80
    echo "valgrind: everything, $lua: FAILED"
    failed=yes
  fi
done
[ -z "$failed" ]
