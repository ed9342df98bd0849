-- A real topicsd for a spec: on a free port, stopped at the end of the spec file at the latest.

local mime = require "mime"
local process = require "spec.support.process"

local Topicsd = {}
Topicsd.__index = Topicsd

local servers = {}

Topicsd.program = os.getenv "TOPICSD" or (os.getenv "BUILD" or "build") .. "/topicsd"

local function has(options, flag)
  for _, word in ipairs(options) do
    if word == flag or word:sub(1, #flag + 1) == flag .. "=" then return true end
  end
  return false
end

local function start(self)
  local words = { Topicsd.program, "--port", tostring(self.port or 0), env = self.options_.env }
  for _, word in ipairs(self.options_) do words[#words + 1] = word end
  self.process = process.start(words)
  self.pid = self.process.pid
  -- All three lines, or the end of a server that could not start.
  local banner = process.wait_until(function()
    return self.process:output():match "^[^\n]*\n[^\n]*\n[^\n]*\n" or self.process:exit_code()
  end, 30, "topicsd to listen")
  if type(banner) == "number" then
    error("topicsd ended with code " .. banner .. ": " .. self:log(), 3)
  end
  self.url = assert(banner:match "MOMENTO_ENDPOINT=(%S+)", banner)
  self.port = tonumber(self.url:match ":(%d+)$")
  self.api_key = assert(banner:match "MOMENTO_API_KEY=(%S*)", banner)
  self.key = (mime.unb64(self.api_key) or ""):match '"api_key":%s*"(.-)"'
  return self
end

--- Starts topicsd with these flags, on a free port unless they name one; env = {} as for a process.
--- url, port, pid, api_key (the v1 form) and key (the plain one) are fields of the result.
function Topicsd.start(options)
  local self = setmetatable({ options_ = options or {} }, Topicsd)
  if has(self.options_, "--port") then
    error("the port is chosen here: leave --port out, or set .port before restart()", 2)
  end
  servers[#servers + 1] = self
  return start(self)
end

--- SIGTERM, and waits for the end; the exit code.
function Topicsd:stop()
  return self.process:stop(15)
end

--- SIGKILL, and waits for the end.
function Topicsd:kill()
  self.process:kill "KILL"
  return self.process:wait()
end

--- Starts again on the same port, with the same key; stops it first when it still runs.
function Topicsd:restart()
  if not self.process:exit_code() then self:stop() end
  if self.key and not has(self.options_, "--api-key") and not has(self.options_, "--no-auth") then
    local options = { "--api-key", self.key, env = self.options_.env }
    for _, word in ipairs(self.options_) do options[#options + 1] = word end
    self.options_ = options
  end
  return start(self)
end

--- Everything it has printed.
function Topicsd:log()
  return self.process:output() .. self.process:errors()
end

--- Stops every topicsd of this spec file.
function Topicsd.stop_all()
  for _, server in ipairs(servers) do server:stop() end
  servers = {}
end

return Topicsd
