-- A real nginx for a spec, with the modules of this tree on its paths: a configuration text in a
-- directory of its own, on a port that is free, stopped by pid. A line at level error or worse in
-- its log that the spec did not name fails the spec when the server stops.

local cjson = require "cjson"
local http = require "spec.support.http"
local process = require "spec.support.process"
local socket = require "socket"

local unpack = table.unpack or unpack

local Nginx = {}
Nginx.__index = Nginx

local tree = process.capture "pwd"
local program = "/usr/sbin/nginx"
local globals = "daemon off; load_module /usr/lib/nginx/modules/ndk_http_module.so; "
  .. "load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;"
local lua_path = ("%s/?.lua;%s/lua/?.lua;%s/lua/?/init.lua;;"):format(tree, tree, tree)
local modules = tree .. "/build/luajit"
-- Workers of a master that root started would be somebody who may not be allowed to read the tree.
if process.capture "id -u" == "0" then globals = globals .. " user root;" end
local servers = {}

--- Whatever Lua runs the specs, inside nginx it is LuaJIT: one of them is enough.
Nginx.elsewhere = _VERSION ~= "Lua 5.4"

local configuration = [[
pid DIRECTORY/nginx.pid;
error_log DIRECTORY/error.log info;
worker_processes WORKERS;
MAIN
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path DIRECTORY/body;
  proxy_temp_path DIRECTORY/proxy;
  fastcgi_temp_path DIRECTORY/fastcgi;
  uwsgi_temp_path DIRECTORY/uwsgi;
  scgi_temp_path DIRECTORY/scgi;
  lua_socket_log_errors off;
  lua_check_client_abort on;
  HTTP
  server {
    listen 127.0.0.1:PORT;
    location /run/ {
      client_max_body_size 1m;
      client_body_buffer_size 1m;
      content_by_lua_block { require("spec.support.nginx_run").content() }
      location = /run/rewrite {
        rewrite_by_lua_block { require("spec.support.nginx_run").here() }
      }
      location = /run/access {
        access_by_lua_block { require("spec.support.nginx_run").here() }
      }
      location = /run/timer {
        content_by_lua_block { require("spec.support.nginx_run").timer() }
      }
    }
    SERVER
  }
}
]]

-- The modules for LuaJIT are made by another suite, which may not have run yet.
local function build_modules()
  if process.read_file(modules .. "/momento/core.so") then return end
  local made = process.capture "make -s LUA=luajit all >build/nginx-modules.log 2>&1 && echo made"
  assert(made == "made", "make LUA=luajit failed: see build/nginx-modules.log")
end

--- The environment in which nginx finds the modules of this tree.
function Nginx.environment()
  build_modules()
  return { LUA_PATH = lua_path, LUA_CPATH = modules .. "/?.so;;" }
end

local function free_port()
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  listener:close()
  return port
end

local function write_configuration(self)
  local options = self.options_
  local words = {
    DIRECTORY = self.directory,
    WORKERS = tostring(self.options_.workers or 1),
    PORT = tostring(self.port),
    PORT2 = tostring(self.port2),
  }
  for _, block in ipairs { "main", "http", "server" } do
    words[block:upper()] = (options[block] or ""):gsub("%u[%u%d_]+", words)
  end
  local text = (options.configuration or configuration):gsub("%u[%u%d_]+", words)
  local file = assert(io.open(self.directory .. "/nginx.conf", "w"))
  file:write(text)
  file:close()
end

-- Starts it on some port; false when another process took that port first.
local function start(self)
  self.port, self.port2 = free_port(), free_port()
  write_configuration(self)
  local env = Nginx.environment()
  for name, value in pairs(self.options_.env or {}) do env[name] = value end
  self.process = process.start {
    program, "-p", self.directory, "-c", "nginx.conf", "-e", "error.log", "-g", globals, env = env,
  }
  self.pid = self.process.pid
  self.url = "http://127.0.0.1:" .. self.port
  -- nginx writes its pid once it has the port.
  process.wait_until(function()
    return process.read_file(self.directory .. "/nginx.pid") or self.process:exit_code()
  end, 30, function() return "nginx to start; " .. self:log() end)
  if not self.process:exit_code() then return true end
  if not self:log():find("Address already in use", 1, true) then
    error("nginx did not start: " .. self:log(), 3)
  end
  os.remove(self.directory .. "/error.log")
  return false
end

--- Starts nginx. Options: main, http, server (texts for those blocks of the configuration, in
--- which PORT, PORT2 and DIRECTORY are replaced), workers (1), env, expect (a list of patterns of
--- error lines that the spec provokes). The locations /run/content, /run/timer, /run/access and
--- /run/rewrite are there for run(); not so with configuration, a text that takes the place of all,
--- and files (paths), which are put beside it.
function Nginx.start(options)
  local self = setmetatable({ options_ = options or {}, directory = process.directory() }, Nginx)
  self.expect_ = self.options_.expect or {}
  for _, path in ipairs(self.options_.files or {}) do
    process.capture(("ln -s %s/%s %s/"):format(tree, path, self.directory))
  end
  for _ = 1, 10 do
    if start(self) then
      servers[#servers + 1] = self
      return self
    end
  end
  error "nginx found no free port"
end

--- Runs Lua code inside nginx, in a phase; its results (what JSON can hold), or raises.
---@param phase "content"|"timer"|"access"|"rewrite"
---@param code string a format for what follows
function Nginx:run(phase, code, ...)
  if select("#", ...) > 0 then code = code:format(...) end
  local status, _, body = http.request(self.url .. "/run/" .. phase, { body = code, timeout = 60 })
  if status ~= 200 then error(("nginx answered %d: %s"):format(status, body), 2) end
  local results = cjson.decode(body)
  local count = #results
  for index = 1, count do
    if results[index] == cjson.null then results[index] = nil end
  end
  return unpack(results, 1, count)
end

--- What it has logged so far, to its file or to stderr.
function Nginx:log()
  return (process.read_file(self.directory .. "/error.log") or "") .. self.process:errors()
end

--- Lines of the log at level error or worse that were not expected.
function Nginx:problems()
  local lines = {}
  for line in self:log():gmatch "[^\n]+" do
    local grave = line:find " %[error%] " or line:find " %[crit%] " or line:find " %[alert%] "
      or line:find " %[emerg%] "
    for _, pattern in ipairs(self.expect_) do
      if line:find(pattern) then grave = nil end
    end
    if grave then lines[#lines + 1] = line end
  end
  return lines
end

--- Sends a signal to the master: "HUP" reloads, "QUIT" ends gracefully.
function Nginx:signal(name) self.process:kill(name) end

--- The pids of the workers that run now.
function Nginx:workers()
  local pids = {}
  for pid in process.capture("ps -o pid= --ppid " .. self.pid):gmatch "%d+" do
    pids[#pids + 1] = tonumber(pid)
  end
  return pids
end

--- Ends nginx, and raises when its log has lines that it must not have.
function Nginx:stop()
  if self.stopped_ then return end
  self.stopped_ = true
  self.process:stop()
  local problems = self:problems()
  if #problems > 0 then error("in nginx's log:\n" .. table.concat(problems, "\n"), 2) end
end

--- Stops every nginx of this spec file.
function Nginx.stop_all()
  local list = servers
  servers = {}
  for _, server in ipairs(list) do server.process:stop() end
  for _, server in ipairs(list) do server:stop() end
end

return Nginx
