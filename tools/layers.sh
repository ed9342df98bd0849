#!/bin/sh
# The layers of doc/design.md as rules: which file may include or require what. Prints each breach.
set -u
cd "$(dirname "$0")/.." || exit 1
broken=0

# forbid RULE PATTERN FILE...: no line of the files that exist may match
forbid() {
  rule=$1 pattern=$2
  shift 2
  found=$(for file in "$@"; do
    [ -f "$file" ] && grep -nHE "$pattern" "$file"
  done)
  [ -z "$found" ] && return
  printf '%s\n%s\n' "layers: $rule:" "$found" >&2
  broken=1
}

lua='^ *# *include *[<"](lua|lauxlib|lualib|luaconf)\.h'
curl='^ *# *include *[<"]curl/'
event='^ *# *include *[<"]event2?/'
jwt='^ *# *include *[<"]jwt\.h'
sockets='^ *# *include *<(sys/socket|netinet/|arpa/|netdb|sys/epoll|sys/event|poll)'
clocks='[^_[:alnum:]](clock_gettime|gettimeofday|time) *\('
stdio='[^_[:alnum:]](printf|fprintf|fopen|read|write) *\('

forbid "wire knows neither Lua, libcurl, libevent nor sockets" \
  "$lua|$curl|$event|$jwt|$sockets" src/wire/*.[ch]
forbid "wire knows no clock and does no I/O" "$clocks|$stdio" src/wire/*.[ch]
forbid "wire includes nothing of the other layers" '"(curl|lua|server)/' src/wire/*.[ch]
forbid "the mux knows neither Lua nor Topics" \
  "$lua|$event|\"(wire|lua|server)/|sequence_|discontinuity" src/curl/*.[ch]
forbid "momento.core links with no libcurl" "$curl|\"curl/" src/lua/core*.[ch] src/lua/compat.h
forbid "bindings know no server" "$event|$jwt|\"server/" src/lua/*.[ch]
forbid "the server knows neither Lua nor libcurl" "$lua|$curl|\"(lua|curl)/" src/server/*.[ch]
for file in src/server/*.[ch]; do
  case $(basename "$file") in
    http.* | http_* | main.c) ;;
    *) forbid "only http and main of the server know libevent" "$event" "$file" ;;
  esac
done
for file in src/server/*.[ch]; do
  case $(basename "$file") in
    token.c) ;;
    *) forbid "only token.c knows libjwt" "$jwt" "$file" ;;
  esac
  # The server's core: time is an argument, requests come as bytes. pages.c keeps one number in a file.
  case $(basename "$file") in
    http.* | http_* | main.c | options.* | flags.* | listener.* | address.* | access_log.*) ;;
    text_file.* | token_command.* | admin.* | metrics.* | pages.c) ;;
    *) forbid "the server's core does no I/O and reads no clock" "$sockets|$clocks|$stdio" "$file" ;;
  esac
done

required() { printf '%s' "require *\\(? *[\"'](momento\\.)?($1)[\"']"; }
for file in lua/momento/loop/*.lua; do
  # The loop of games reads subscriptions itself, since nobody there may wait for them.
  [ "$(basename "$file")" = update.lua ] && continue
  forbid "loops know neither requests nor Topics" \
    "$(required 'core|client|subscription|transport\..*')" "$file"
done
forbid "transports know neither sequences nor retry" \
  "$(required 'core|subscription|client|retry')" lua/momento/transport/*.lua
forbid "the policy knows no transport's library" "$(required 'curl')|resty\\.|ngx\\.socket\\." \
  lua/momento/client.lua lua/momento/subscription.lua lua/momento/retry.lua \
  lua/momento/errors.lua lua/momento/credentials.lua
forbid "nothing for nginx loads libcurl" "$(required 'curl|transport\.curl')" \
  lua/momento/transport/ngx*.lua lua/momento/ngx/*.lua

for file in $(git ls-files 'src/*.[ch]' 'lua/*.lua' 'spec/*.lua' 'spec/*.[ch]' 'bench/*.lua' 'bench/*.c'); do
  [ -f "$file" ] && [ "$(wc -l <"$file")" -gt 500 ] && {
    echo "layers: more than 500 lines, so more than one concept: $file" >&2
    broken=1
  }
done
exit $broken
