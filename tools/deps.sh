#!/bin/sh
# Installs what building and testing need and what is missing: Debian packages, and what the specs
# have from npm (package.json). With the argument "build", only what building and running need; with
# "bench", only what the benchmarks compare with. Says nothing and does nothing when all is there.
# Other systems: the README names the packages.
set -eu
cd "$(dirname "$0")/.."

what=${1:-all}
build="gcc make pkg-config libcurl4-openssl-dev libevent-dev libjwt-dev
lua5.4 liblua5.4-dev lua-cjson curl ca-certificates"
test="lua5.1 liblua5.1-0-dev lua5.2 liblua5.2-dev lua5.3 liblua5.3-dev luajit2 libluajit2-5.1-dev
procps lua-socket lua-busted lua-ldoc lua-luv lua-cqueues lua-copas luarocks
love nginx libnginx-mod-http-lua openssl nodejs chromium fonts-dejavu-core"
# Node.js may have come from elsewhere, with npm in it.
command -v npm >/dev/null || test="$test npm"
bench="libnginx-mod-nchan lua-curl lua-http"
lint="valgrind clang clang-format libclang-rt-dev cppcheck lua-check"

command -v dpkg-query >/dev/null || {
  echo "deps: not a Debian system; the README names the packages to install" >&2
  exit 0
}

installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | sed -n 's/^ii  *//p')
case $what in
  all) wanted="$build $test $lint" ;;
  build) wanted=$build ;;
  bench) wanted=$bench ;;
esac
missing=
for package in $wanted; do
  case "
$installed
" in
    *"
$package
"*) ;;
    *) missing="$missing $package" ;;
  esac
done

as_root=
if [ -n "$missing" ] && [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "deps: run as root, or with sudo installed: apt-get install$missing" >&2
    exit 1
  }
  as_root=sudo
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1
}
install() {
  # shellcheck disable=SC2086 # a list of words
  apt install --no-install-recommends $missing
}

if [ -n "$missing" ]; then
  echo "deps: installing$missing" >&2
  # The package lists of a fresh machine are empty or old: then update and try once more.
  install || { apt update && install; } || {
    tail -n 20 "$log" >&2
    exit 1
  }
fi

# Installed last is what the copy in node_modules says. Where npm reaches nothing, the few specs that
# need it fail, and no others.
npm_install() { # directory of a package.json
  cmp -s "$1/package.json" "$1/node_modules/.installed.json" && return
  echo "deps: installing what $1/package.json names" >&2
  timeout 300 npm install --prefix "$1" --no-package-lock --loglevel=error --fetch-retries=1 \
    >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    echo "deps: npm did not install what $1/package.json names" >&2
    return 0
  }
  cp "$1/package.json" "$1/node_modules/.installed.json"
}

case $what in
  all) npm_install . ;;
  bench) npm_install bench ;;
esac
