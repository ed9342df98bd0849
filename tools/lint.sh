#!/bin/sh
# Every check that needs no running program; goes on after a failure, so that one run shows all.
# Leaves build/lint.log; the last line says what failed.
set -u
cd "$(dirname "$0")/.." || exit 1
make=${MAKE:-make}
mkdir -p build
failed=

check() { # name, command...
  name=$1
  shift
  if "$@" >build/lint.log 2>&1; then
    echo "lint: $name: fine"
  else
    sed "s/^/  /" build/lint.log | tail -n 60
    echo "lint: $name: FAILED"
    failed="$failed $name"
  fi
}

warnings() { # compiler, luas
  compiler=$1
  shift
  for lua in "$@"; do
    $make -s BUILD="build/lint-$compiler" CC="$compiler" LUA="$lua" EXTRA_CFLAGS=-Werror \
      all c-tests bench-c || return 1
  done
}

sources() { git ls-files '*.c' '*.h' | xargs -r ls -d 2>/dev/null; }

cpp_check() {
  sources | grep '\.c$' | xargs -r cppcheck --quiet --std=c99 --enable=warning,performance,portability \
    --inline-suppr --error-exitcode=1 --suppress=missingIncludeSystem -Isrc -j 2
}

formatted() { sources | xargs -r clang-format --dry-run --Werror; }

shells() {
  for script in tools/*.sh .ci/run; do sh -n "$script" || return 1; done
}

check "gcc -Werror" warnings gcc 5.4 5.3 5.2 5.1 luajit
check "clang -Werror" warnings clang 5.4 luajit
check cppcheck cpp_check
check clang-format formatted
check luacheck luacheck --quiet .
check layers tools/layers.sh
check "sh -n" shells

[ -z "$failed" ] || { echo "lint: failed:$failed"; exit 1; }
