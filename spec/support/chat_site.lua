-- The chat site of examples/openresty on a real nginx, with its own configuration.

local Nginx = require "spec.support.nginx"
local process = require "spec.support.process"

local chat_site = {}

--- Starts it; what it returns is an Nginx. Options: api_key, endpoint (else the key names it),
--- workers ("auto").
function chat_site.start(options)
  local text = process.read_file "examples/openresty/nginx.conf"
  text = text:gsub("worker_processes auto", "worker_processes " .. (options.workers or "auto"))
  return Nginx.start {
    configuration = text:gsub("127%.0%.0%.1:8090", "127.0.0.1:PORT"),
    files = {
      "examples/openresty/chat.lua", "examples/openresty/visitors.lua", "examples/openresty/html",
    },
    env = { MOMENTO_API_KEY = options.api_key, MOMENTO_ENDPOINT = options.endpoint or false },
    -- What the specs provoke: nginx logs refusals at this level, too.
    expect = {
      "worker process %d+ exited on signal 9",
      "client intended to send too large body",
      "open%(%) .* failed %(2: No such file or directory",
      "limiting requests",
    },
  }
end

return chat_site
