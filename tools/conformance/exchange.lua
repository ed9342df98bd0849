--- Requests to the server under test, over curl: any method and header, http and https, several at
--- once. The key goes to curl over a pipe, never into arguments, files or messages. Paces itself: a
--- server that says 429 for the rate is asked again when it wants to be. Knows no rules.

local curl = require "momento.curl"
local momento = require "momento"

local Exchange = {}
Exchange.__index = Exchange

local PATIENCE = 30 -- seconds for an answer that is due at once
local POLL_PATIENCE = 300 -- and for one that may wait

local function quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "*a"
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

--- An origin ("https://host"), the key as it goes into requests, the name of a cache.
function Exchange.new(origin, key, cache)
  local pipe = assert(io.popen "mktemp -d")
  local directory = pipe:read "*l"
  pipe:close()
  assert(directory, "mktemp failed")
  return setmetatable({
    origin = origin, key = key, cache = cache, directory_ = directory, count_ = 0,
    run_ = ("%x-%s"):format(os.time(), directory:match "%w+$"), topics_ = 0,
  }, Exchange)
end

--- Removes what was written.
function Exchange:close()
  os.execute("rm -rf " .. quote(self.directory_))
end

--- text without the key, for people.
function Exchange:redact(text)
  for _, secret in ipairs { self.key, self.whole_key } do
    local at, last = text:find(secret, 1, true)
    while at do
      text = text:sub(1, at - 1) .. "<key>" .. text:sub(last + 1)
      at, last = text:find(secret, at + 5, true)
    end
  end
  return text
end

--- A topic that nobody has used.
function Exchange:topic()
  self.topics_ = self.topics_ + 1
  return ("conformance-%s-%d"):format(self.run_, self.topics_)
end

function Exchange:path(topic)
  return ("/topics/%s/%s"):format(self.cache, topic)
end

-- A word of curl's configuration.
local function word(text)
  return '"' .. text:gsub('[\\"]', "\\%0"):gsub("\n", "\\n"):gsub("\r", "\\r") .. '"'
end

local function configuration(self, options, base)
  local target, lines = options.target, {}
  local function set(name, value) lines[#lines + 1] = name .. " = " .. word(value) end
  if options.query_key then
    target = ("%s%stoken=%s"):format(target, target:find("?", 1, true) and "&" or "?",
      (options.query_key:gsub("[^%w._~-]", function(c) return ("%%%02X"):format(c:byte()) end)))
  end
  set("url", self.origin .. target)
  set("request", options.method)
  -- Without a value: not sent.
  set("header", "Content-Type:" .. (options.content_type and " " .. options.content_type or ""))
  set("header", "Expect:")
  if options.header_key then set("header", "Authorization: " .. options.header_key) end
  for _, header in ipairs(options.headers or {}) do set("header", header) end
  if options.body then
    write(base .. ".sent", options.body)
    set("data-binary", "@" .. base .. ".sent")
  end
  set("output", base .. ".body")
  set("dump-header", base .. ".head")
  return table.concat(lines, "\n") .. "\n"
end

--- Sends a request and returns at once; finish() gives the answer. Options: method (GET), target,
--- body, content_type, headers (list), key: "header" (unless told), "query", "both", "none"; or
--- header_key, query_key: another key; seconds: patience.
function Exchange:start(options)
  self.count_ = self.count_ + 1
  local base = ("%s/%d"):format(self.directory_, self.count_)
  local given = setmetatable({ method = options.method or "GET" }, { __index = options })
  local key = options.key or not (options.header_key or options.query_key) and "header"
  if key == "header" or key == "both" then given.header_key = self.key end
  if key == "query" or key == "both" then given.query_key = self.key end
  -- The shell ends at once and leaves curl with the rest of the pipe.
  local pipe = assert(io.popen(([[exec 3<&0
    { curl -q -s --globoff --path-as-is -m %d -K - <&3 >/dev/null 2>&1; echo $? >%s.code; } &]])
    :format(options.seconds or PATIENCE, quote(base)), "w"))
  pipe:write(configuration(self, given, base))
  pipe:close()
  return { base = base, options = options }
end

--- Whether the answer to a request that was started is there.
function Exchange:is_finished(started)
  local code = read(started.base .. ".code")
  return code ~= nil and code:find "\n" ~= nil
end

--- The answer: { status, headers (lower-case names), body }. Raises when there is none.
function Exchange:finish(started)
  local deadline = curl.now() + (started.options.seconds or PATIENCE) + 5
  while not self:is_finished(started) do
    if curl.now() > deadline then error("curl does not end", 0) end
    momento.sleep(0.005)
  end
  local code = tonumber(read(started.base .. ".code"))
  if code ~= 0 then error(("no answer: curl's error %d"):format(code), 0) end
  local head = read(started.base .. ".head") or ""
  local answer = { headers = {}, body = read(started.base .. ".body") or "" }
  -- The last head: there may be interim answers before it.
  for line in head:gmatch "[^\r\n]+" do
    local status = line:match "^HTTP/[%d.]+ (%d%d%d)"
    if status then answer.status, answer.headers = tonumber(status), {} end
    local name, value = line:match "^([^:]+):%s*(.-)%s*$"
    if name and not status then answer.headers[name:lower()] = value end
  end
  return answer
end

--- Sends a request and waits for its answer; again when the server's limit on the rate asks for it.
function Exchange:ask(options)
  for _ = 1, 60 do
    local answer = self:finish(self:start(options))
    local paced = answer.status == 429 and answer.body:find "rate_limit"
    if not paced then return answer end
    momento.sleep(tonumber(answer.headers["retry-after"]) or 1)
  end
  error("the limit on the rate lets nothing through", 0)
end

function Exchange:publish(topic, value, content_type)
  return self:ask {
    method = "POST", target = self:path(topic), body = value,
    content_type = content_type or "text/plain",
  }
end

local function position(number, page)
  return ("?sequence_number=%s&sequence_page=%s"):format(number or 0, page or 0)
end

--- A poll that is due at once.
function Exchange:poll(topic, number, page)
  return self:ask { target = self:path(topic) .. position(number, page) }
end

--- A poll that may wait.
function Exchange:start_poll(topic, number, page)
  return self:start {
    target = self:path(topic) .. position(number, page), seconds = POLL_PATIENCE,
  }
end

--- Whether a poll that was started still waits `seconds` later.
function Exchange:waits(started, seconds)
  momento.sleep(seconds)
  return not self:is_finished(started)
end

return Exchange
