#!/bin/sh
# Runs the chat site of examples/openresty on nginx, with a topicsd behind it, until Ctrl-C. The
# environment (LUA_PATH, LUA_CPATH of the modules for LuaJIT, TOPICSD, PORT) comes from
# `make demo-nginx`.
set -eu
cd "$(dirname "$0")/.."
port=${PORT:-8090}
work=$(mktemp -d "${TMPDIR:-/tmp}/momento-chat.XXXXXX")
server='' site=''

finish() {
  code=$?
  trap - EXIT
  for pid in $site $server; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
  exit "$code"
}
trap finish EXIT
trap 'exit 0' INT TERM

# Waits until a command succeeds; for 10 s at most.
wait_for() { # what, command...
  what=$1
  shift
  tries=0
  until "$@" 2>/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -ge 200 ]; then
      echo "demo-nginx: waited in vain for $what" >&2
      cat "$work"/*.log >&2
      exit 1
    fi
    sleep 0.05
  done
}

"$TOPICSD" --port 0 >"$work/topicsd.log" 2>&1 &
server=$!
wait_for topicsd grep -q '^export MOMENTO_API_KEY=' "$work/topicsd.log"
eval "$(grep '^export ' "$work/topicsd.log")"

# OpenResty has its Lua built in; Debian's nginx loads it.
modules=/usr/lib/nginx/modules
if program=$(command -v openresty); then
  load=
else
  program=$(command -v nginx || echo /usr/sbin/nginx)
  load="load_module $modules/ndk_http_module.so; load_module $modules/ngx_http_lua_module.so;"
fi

# Started by root, the workers would be somebody who may not be allowed to read this tree.
user=
[ "$(id -u)" -ne 0 ] || user="user root;"

# A directory of its own takes nginx's pid and temporary files.
ln -s "$PWD/examples/openresty/html" "$PWD/examples/openresty/chat.lua" "$work/"
sed "s/127\.0\.0\.1:8090/127.0.0.1:$port/" examples/openresty/nginx.conf >"$work/nginx.conf"
"$program" -p "$work" -c nginx.conf -e stderr -g "daemon off; $user $load" 2>"$work/nginx.log" &
site=$!
wait_for nginx test -s "$work/nginx.pid"

head -n 1 "$work/topicsd.log"
echo "chat site on http://127.0.0.1:$port/ (open it in two windows; Ctrl-C ends it)"
wait "$site"
