-- What a row of the benchmarks has at hand: sizes, servers and programs, each pinned to its core,
-- and what there is to compare with on this machine. A row (bench/rows/NAME.lua) is a function that
-- is given one of these, and measures with it.

local Nginx = require "spec.support.nginx"
local Topicsd = require "spec.support.topicsd"
local measure = require "bench.measure"
local process = require "spec.support.process"
local report = require "bench.report"

local Bench = {}
Bench.__index = Bench

local tree = process.capture "pwd"
local nchan = "/usr/lib/nginx/modules/ngx_nchan_module.so"

--- Which Luas are measured, and what they are called in tables.
Bench.luas = { { "5.4", "momento, Lua 5.4" }, { "luajit", "momento, LuaJIT" } }

local INTERPRETERS = { ["5.4"] = "lua5.4", luajit = "luajit" }
local HUNG, SMOKE_HUNG = 600, 60 -- seconds, after which a program is not just slow

-- The first and the last processor that this process may use.
local function processors()
  local allowed = process.read_file("/proc/self/status"):match "Cpus_allowed_list:%s*(%S+)"
  return allowed:match "^%d+", allowed:match "%d+$"
end

--- options: smoke (tiny sizes, one round, nothing pinned), rounds.
function Bench.new(options)
  local self = setmetatable({ results = {} }, Bench)
  self.smoke = options.smoke
  self.rounds = options.smoke and 1 or options.rounds
  self.server_cpu, self.client_cpu = processors()
  return self
end

--- A number of things to do: the second when only the running is to be proved.
function Bench:size(real, smoke)
  return self.smoke and smoke or real
end

--- Keeps a halted virtual processor from having to be woken, which costs more than a request does:
--- something of the lowest class always runs, for as long as this process does.
function Bench:spin()
  if self.smoke then return end
  local pid = process.read_file("/proc/self/stat"):match "%d+"
  for _, cpu in ipairs { self.server_cpu, self.client_cpu } do
    process.start {
      "taskset", "-c", cpu, "chrt", "-i", "0", "sh", "-c",
      "while kill -0 " .. pid .. "; do :; done",
    }
  end
end

--- Has a process run on one processor only: the server's unless another is named.
function Bench:pin(pid, cpu)
  if self.smoke then return end
  process.capture(("taskset -acp %s %d 2>&1"):format(cpu or self.server_cpu, pid))
end

--- A topicsd with these flags, on the server's core; topic(name) is the URL of one.
function Bench:topicsd(flags)
  local server = Topicsd.start(flags)
  self:pin(server.pid)
  server.topic = function(name) return server.url .. "/topics/my-cache/" .. name end
  return server
end

--- An nginx as spec.support.nginx starts it, on the server's core.
function Bench:nginx(options)
  local server = Nginx.start(options)
  self:pin(server.pid)
  for _, pid in ipairs(server:workers()) do self:pin(pid) end
  return server
end

--- An nginx with Nchan: publish(channel), poll(channel) and events(channel) are URLs.
function Bench:nchan()
  local server = self:nginx {
    configuration = process.read_file "bench/peers/nchan.conf",
    expect = { "." },
  }
  for _, what in ipairs { "publish", "poll", "events" } do
    server[what] = function(channel) return ("%s/%s/%s"):format(server.url, what, channel) end
  end
  server.key = "none"
  return server
end

--- Ends every server that rows have started.
function Bench:stop_servers()
  Topicsd.stop_all()
  Nginx.stop_all()
end

--- Starts a program on the client's core, or on the server's with server = true.
function Bench:start(words)
  local all = { env = words.env, stdin = words.stdin }
  if not self.smoke then
    all[1], all[2], all[3] = "taskset", "-c", words.server and self.server_cpu or self.client_cpu
  end
  for _, word in ipairs(words) do
    all[#all + 1] = type(word) == "number" and ("%.14g"):format(word) or word
  end
  return process.start(all)
end

local function figures_of(text)
  local figures = {}
  for name, value in text:gmatch "([%w_]+)=(%S+)" do figures[name] = tonumber(value) end
  return figures
end

--- Waits for a program that Bench:start gave; the figures that it printed.
function Bench:finish(program)
  local code = program:wait(self:size(HUNG, SMOKE_HUNG))
  if code ~= 0 then
    error(("%s ended with code %d: %s%s"):format(program.name, code, program:output(),
      program:errors()))
  end
  return figures_of(program:output())
end

--- Runs a program to its end; the figures that it printed, as name=number.
function Bench:run(words)
  return self:finish(self:start(words))
end

-- The process of a server that does the work.
local function worker(server)
  return server.workers and server:workers()[1] or server.pid
end

--- The resident memory of the process of a server that does the work, in bytes.
function Bench:resident(server)
  local status = process.read_file(("/proc/%d/status"):format(worker(server)))
  return tonumber(status:match "VmRSS:%s*(%d+)") * 1024
end

-- Microseconds that it has run on a processor so far.
local function running_time(server)
  local statistics = process.read_file(("/proc/%d/schedstat"):format(worker(server)))
  return tonumber(statistics:match "%d+") / 1e3
end

--- A subject's run: a program, beside whose figures comes server_us, the processor's time that each
--- of the things it counts has cost the server. Other load on the machine disturbs it least of all.
function Bench:serving(server, words)
  return function()
    local before = running_time(server)
    local figures = self:run(words)
    figures.server_us = (running_time(server) - before) / figures.count
    return figures
  end
end

--- The words that start a Lua program of bench/ with the modules of this tree.
function Bench:lua(interpreter, script, ...)
  return {
    env = {
      LUA_PATH = ("%s/?.lua;%s/lua/?.lua;%s/lua/?/init.lua;;"):format(tree, tree, tree),
      LUA_CPATH = ("%s/build/%s/?.so;;"):format(tree, interpreter),
    },
    INTERPRETERS[interpreter], "bench/" .. script, ...,
  }
end

--- The words that start a C program of bench/.
function Bench:c(program, ...)
  return { "build/bench/" .. program, ... }
end

local CHECKS = {
  node = "command -v node >/dev/null",
  undici = "test -d bench/node_modules/undici",
  nchan = "test -f " .. nchan,
  luasocket = "luajit -e 'require \"socket.http\"' 2>/dev/null",
  ["lua-curl"] = "luajit -e 'require \"curl\"' 2>/dev/null",
  ["lua-http"] = "luajit -e 'require \"http.client\"' 2>/dev/null",
}

--- Whether a peer is installed; says so, once, when it is not.
function Bench:has(peer)
  self.present_ = self.present_ or {}
  local present = self.present_
  if present[peer] == nil then
    present[peer] = process.capture(CHECKS[peer] .. " && echo yes") == "yes"
    if not present[peer] then print(("(%s is not installed: make bench-deps)"):format(peer)) end
  end
  return present[peer]
end

--- Measures a row as measure.row does, prints it and keeps it. A subject without a function is a
--- program: { name =, words }. rounds: fewer than the others.
function Bench:compare(row)
  for _, subject in ipairs(row.subjects) do
    local words = subject[1]
    if words then subject.run = function() return self:run(words) end end
  end
  local result = measure.row(row, math.min(row.rounds or self.rounds, self.rounds))
  result.row = self.row
  table.insert(self.results, result)
  print(self.smoke and "ran: " .. row.title or report.row(result, row.also) .. "\n")
  io.stdout:flush()
end

return Bench
