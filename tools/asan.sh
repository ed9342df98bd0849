#!/bin/sh
# Runs the C tests, a script that uses everything, and the specs of momento.core, of the loops and of
# faults under the address and undefined sanitizers; leaks count. The flags come from `make asan`.
set -u
cd "$(dirname "$0")/.." || exit 1
make="${MAKE:-make} -s BUILD=build/asan CC=gcc"
build=$PWD/build/asan
runtime=$(gcc -print-file-name=libasan.so)
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1
failed=

check() { # name, command...
  name=$1
  shift
  mkdir -p "$build"
  if "$@" >"$build/check.log" 2>&1; then
    echo "asan: $name: clean"
  else
    tail -n 60 "$build/check.log"
    echo "asan: $name: FAILED"
    failed="$failed, $name"
  fi
}

built() { $make LUA="$1" EXTRA_CFLAGS="$SANITIZE" all c-tests; }

everything() { # lua, its program
  eval "$($make LUA="$1" env)"
  TOPICSD="$build/topicsd" timeout 300 tools/with_topicsd.sh \
    env LUA_PATH="./?.lua;$LUA_PATH" LD_PRELOAD="$runtime" "$2" spec/support/everything.lua
}

# The interpreter as the specs start it: with the runtime in front, which their children need not
# have.
preloading() { # lua, its program
  printf '#!/bin/sh\nLD_PRELOAD=%s exec %s "$@"\n' "$runtime" "$2" >"$build/$1/lua"
  chmod +x "$build/$1/lua"
}

specs() { # lua, its program, specs...
  preloading "$1" "$2"
  lua=$1
  shift 2
  $make LUA="$lua" EXTRA_CFLAGS="$SANITIZE" LUA_BIN="$build/$lua/lua" SPECS="$*" test-lua
}

out_of_memory() { # lua
  # shellcheck disable=SC2046,SC2086
  gcc -std=c99 -g $SANITIZE -o "$build/out_of_memory" spec/support/out_of_memory.c \
    src/lua/core*.c src/wire/*.c $(pkg-config --cflags --libs "lua$1") &&
    timeout 300 "$build/out_of_memory"
}

for lua in 5.4 5.1 luajit; do
  program=lua$lua
  [ "$lua" != luajit ] || program=luajit
  check "building for $lua" built "$lua"
  check "everything, $lua" everything "$lua" "$program"
  check "core specs, $lua" specs "$lua" "$program" spec/unit/core_*spec.lua
done
# Not that of LÖVE, which is no interpreter to put the runtime in front of.
for file in $(echo spec/loop/*_spec.lua spec/fault/*_spec.lua | sed 's|spec/loop/love_spec.lua||'); do
  check "$file, 5.4" specs 5.4 lua5.4 "$file"
done
for lua in 5.1 5.2 5.3 5.4; do
  check "out of memory, $lua" out_of_memory "$lua"
done
for test in "$build"/c/*_test; do
  check "$(basename "$test")" timeout 300 "$test"
done

[ -z "$failed" ] || { echo "asan: failed: ${failed#, }"; exit 1; }
