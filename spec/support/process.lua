-- Processes that specs start: through sh, with a pid, output into files of a temporary directory,
-- and a registry from which spec/support/isolation.lua stops what a spec left behind. A wrapper
-- shell waits for each process: its exit code is known, and no zombie is taken for a live one.

local wait = require "spec.support.wait"

local process = { wait_until = wait.wait_until }

local Process = {}
Process.__index = Process

local running = {} -- every process started and not yet seen to end
local temporary = {} -- directories to remove with stop_all

-- What marks a process of this run in /proc/PID/environ; tools/busted.sh gives the same text.
local run = os.getenv "SPEC_RUN" or ("%s-%d"):format(os.tmpname():match "[^/]+$", os.time())

--- The interpreter that runs the specs, for programs in Lua that a spec starts.
process.lua = os.getenv "LUA_BIN" or arg[-1] or "lua"

function process.quote(word)
  return "'" .. tostring(word):gsub("'", "'\\''") .. "'"
end

local function slurp(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "*a"
  file:close()
  return text
end
process.read_file = slurp

--- Runs a shell command to its end; what it printed, without the last newline.
function process.capture(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "*a"
  pipe:close()
  return (text:gsub("\n$", ""))
end

--- A fresh directory, removed at the end of the spec file.
function process.directory()
  local directory = process.capture "mktemp -d ${SPEC_DIR:+-p \"$SPEC_DIR\"}"
  assert(directory ~= "", "mktemp failed")
  temporary[#temporary + 1] = directory
  return directory
end

local function standard_input(stdin, directory)
  if not stdin then return "/dev/null" end
  local path = directory .. "/stdin"
  if stdin == "fifo" then
    process.capture("mkfifo " .. process.quote(path))
  else
    local file = assert(io.open(path, "wb"))
    file:write(stdin)
    file:close()
  end
  return path
end

local function environment(env)
  local unset, set = {}, { "SPEC_PROCESS=" .. process.quote(run) }
  for name, value in pairs(env or {}) do
    if value then
      set[#set + 1] = name .. "=" .. process.quote(value)
    else
      unset[#unset + 1] = "-u " .. name
    end
  end
  return table.concat(unset, " ") .. " " .. table.concat(set, " ")
end

-- sh lets what it starts in the background ignore SIGINT, which specs of Ctrl-C need, and SIGPIPE
-- may be ignored where the suite runs: the pid is told only once the defaults are back.
local wrapper = [[
env --default-signal=INT,QUIT,PIPE {environment} sh -c 'echo $$ >{directory}/pid; exec "$@"' sh \
  {command} <{input} >{output} 2>{directory}/stderr &
wait $!
echo $? >{directory}/code
]]

--- Starts { program, argument, ..., env = { NAME = value or false }, stdin = text or "fifo",
--- stdout = file }. With stdin "fifo", write() and close_stdin() feed it. A program that cannot be
--- started ends with code 127.
function process.start(options)
  local words = {}
  for i, word in ipairs(options) do words[i] = process.quote(word) end
  local directory = process.directory()
  local input = standard_input(options.stdin, directory)
  local output = options.stdout or directory .. "/stdout"
  local script = wrapper:gsub("{(%l+)}", {
    environment = environment(options.env),
    command = table.concat(words, " "),
    input = process.quote(input),
    output = process.quote(output),
    directory = directory,
  })
  local file = assert(io.open(directory .. "/start", "w"))
  file:write(script)
  file:close()
  os.execute(("sh %s/start >/dev/null 2>&1 </dev/null &"):format(directory))

  local self = setmetatable({
    name = options[1]:match "[^/]+$",
    directory_ = directory,
    stdout_ = output,
  }, Process)
  -- For reading too: then opening does not wait for the other side.
  if options.stdin == "fifo" then self.stdin_ = assert(io.open(input, "r+b")) end
  self.pid = tonumber(wait.wait_until(function()
    return (slurp(directory .. "/pid") or ""):match "^(%d+)\n"
  end, 20, "the start of " .. options[1]))
  running[#running + 1] = self
  return self
end

--- The exit code (128 + signal when killed), nil while it runs.
function Process:exit_code()
  if not self.code_ then
    self.code_ = tonumber(((slurp(self.directory_ .. "/code") or ""):match "^(%d+)\n"))
  end
  return self.code_
end

-- The end of what it printed, for messages; a file given as stdout may be endless (/dev/full).
local function printed(self)
  local output = self.stdout_:find "^/dev/" and "" or self:output():sub(-4096)
  return output .. self:errors():sub(-4096)
end

--- Waits for the end; the exit code. Raises after `seconds` (20), with the output so far.
function Process:wait(seconds)
  wait.wait_until(function() return self:exit_code() end, seconds, function()
    return ("the end of %s (%d); it printed:\n%s"):format(self.name, self.pid, printed(self))
  end)
  return self.code_
end

--- Sends a signal ("TERM" by default) by name or number; harmless when it has ended.
function Process:kill(signal)
  if self:exit_code() then return end
  os.execute(("kill -%s %d 2>/dev/null"):format(signal or "TERM", self.pid))
end

--- SIGTERM, and SIGKILL when that did not end it within `grace` seconds (5); the exit code.
function Process:stop(grace)
  self:close_stdin()
  self:kill "TERM"
  if not pcall(self.wait, self, grace or 5) then
    self:kill "KILL"
    self:wait()
  end
  return self.code_
end

--- What it has printed on stdout so far.
function Process:output()
  return slurp(self.stdout_) or ""
end

--- What it has printed on stderr so far.
function Process:errors()
  return slurp(self.directory_ .. "/stderr") or ""
end

--- Waits until stdout, or stderr, matches a pattern; the captures.
function Process:wait_for_output(pattern, seconds)
  return wait.wait_until(function()
    return self:output():match(pattern) or self:errors():match(pattern)
  end, seconds, function()
    return ("%q from %s, which printed:\n%s"):format(pattern, self.name, printed(self))
  end)
end

function Process:write(text)
  assert(self.stdin_:write(text))
  self.stdin_:flush()
end

function Process:close_stdin()
  if self.stdin_ then self.stdin_:close() end
  self.stdin_ = nil
end

local function survivors()
  local list = {}
  for pid in process.capture(("grep -l -s -a SPEC_PROCESS=%s /proc/[0-9]*/environ"):format(run))
    :gmatch "/proc/(%d+)/" do
    local line = (slurp("/proc/" .. pid .. "/cmdline") or ""):gsub("%z", " ")
    if line ~= "" then list[#list + 1] = pid .. " " .. line end
  end
  return list
end

--- Stops all that was started and removes their files; names of descendants that had not ended
--- `grace` seconds (5) later and were killed.
function process.stop_all(grace)
  if #running == 0 and #temporary == 0 then return {} end
  for _, started in ipairs(running) do started:kill "TERM" end
  for _, started in ipairs(running) do started:stop(grace) end
  local left = {}
  if #running > 0 then
    pcall(wait.wait_until, function()
      left = survivors()
      return #left == 0
    end, grace or 5)
    for _, line in ipairs(left) do os.execute("kill -9 " .. line:match "^%d+") end
  end
  for _, directory in ipairs(temporary) do os.execute("rm -rf " .. process.quote(directory)) end
  running, temporary = {}, {}
  return left
end

return process
