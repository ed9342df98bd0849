#!/bin/sh
# The chat site of examples/openresty on nginx, until Ctrl-C. The environment comes from
# `make demo-nginx`: LUA_PATH, LUA_CPATH (of the modules for LuaJIT), PORT, and from
# tools/with_topicsd.sh a server.
set -eu
cd "$(dirname "$0")/.."
port=${PORT:-8090}
work=$(mktemp -d "${TMPDIR:-/tmp}/momento-chat.XXXXXX")
site=

finish() {
  code=$?
  trap - EXIT
  [ -z "$site" ] || kill "$site" 2>/dev/null || true
  wait 2>/dev/null || true
  [ "$code" -eq 0 ] || cat "$work/nginx.log" >&2
  rm -rf "$work"
  exit "$code"
}
trap finish EXIT
trap 'exit 0' INT TERM

# OpenResty has its Lua built in; Debian's nginx loads it.
modules=/usr/lib/nginx/modules
if program=$(command -v openresty); then
  globals="daemon off;"
else
  program=$(command -v nginx || echo /usr/sbin/nginx)
  globals="daemon off; load_module $modules/ndk_http_module.so;
    load_module $modules/ngx_http_lua_module.so;"
fi
# Started by root, the workers would be somebody who may not be allowed to read this tree.
[ "$(id -u)" -ne 0 ] || globals="$globals user root;"

# A directory of its own takes nginx's pid and temporary files.
ln -s "$PWD"/examples/openresty/*.lua "$PWD/examples/openresty/html" "$work/"
sed "s/127\.0\.0\.1:8090/127.0.0.1:$port/" examples/openresty/nginx.conf >"$work/nginx.conf"
"$program" -p "$work" -c nginx.conf -e stderr -g "$globals" 2>"$work/nginx.log" &
site=$!

# nginx writes its pid once it listens.
tries=0
until [ -s "$work/nginx.pid" ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt 600 ] || ! kill -0 "$site" 2>/dev/null; then
    echo "demo-nginx: nginx did not start:" >&2
    exit 1
  fi
  sleep 0.05
done
echo "topicsd listens on $MOMENTO_ENDPOINT"
echo "chat site on http://127.0.0.1:$port/ (open it in two windows; Ctrl-C ends it)"
wait "$site"
