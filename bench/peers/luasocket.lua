-- luasocket's http.request, which makes a connection for each request. Arguments as in
-- bench/loop.c: publish URL TOKEN COUNT BYTES.

local http = require "socket.http"
local ltn12 = require "ltn12"
local gettime = require "socket".gettime

local url, token, count, bytes = arg[2], arg[3], tonumber(arg[4]), tonumber(arg[5])
local value = ("x"):rep(bytes)
local start = gettime()
for _ = 1, count do
  local fine, status = http.request {
    url = url,
    method = "POST",
    headers = {
      Authorization = token,
      ["Content-Type"] = "text/plain",
      ["Content-Length"] = tostring(bytes),
    },
    source = ltn12.source.string(value),
  }
  assert(fine and status == 204, status)
end
local seconds = gettime() - start
print(("publish count=%d rate=%.0f cpu_us=%.2f"):format(count, count / seconds,
  os.clock() * 1e6 / count))
