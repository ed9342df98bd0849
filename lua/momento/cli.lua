--- The command line: `momento publish` and `momento subscribe`. Takes words, writes to stdout what
--- is data and to stderr what is about it, and gives the exit code: 0 when done, 1 when it did not
--- work, 2 when the words make no sense, 130 after Ctrl-C. Must not know how requests are made.

local core = require "momento.core"
local momento = require "momento"

local cli = {}

local USAGE = [[
momento publish CACHE TOPIC [VALUE|-]   publishes VALUE; without one, or with -, what stdin holds
  --binary           as bytes; without it, as text, which must be UTF-8
  --lines            each line of stdin as a message of its own
  --timeout SECONDS  give up after that long (5)

momento subscribe CACHE TOPIC           prints each message on a line, until Ctrl-C
  --from N[:PAGE]    from message number N of that page (of the current one); without it, from the
                     next message published
  --json             each as a JSON object; the value of a binary message in base64
  --count N          end after N messages

  --endpoint E       a region, a host or a URL; else from the key, or MOMENTO_ENDPOINT
  --help, --version

The API key is read from MOMENTO_API_KEY. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 Ctrl-C.
]]

local EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130

-- option -> whether it takes a value
local OPTIONS = {
  publish = { binary = false, lines = false, timeout = true, endpoint = true },
  subscribe = { from = true, json = false, count = true, endpoint = true },
}

local function complain(...)
  io.stderr:write("momento: ", table.concat { ... }, "\n")
end

-- For error(): what the words are wrong about.
local function misuse(...)
  error({ usage = table.concat { ... } }, 0)
end

-- Splits words into options and the rest.
local function parse(words, known)
  local options, rest, i = {}, {}, 1
  while i <= #words do
    local word = words[i]
    local name, value = word:match "^%-%-([%w-]+)=?(.*)$"
    if word == "--" then
      for j = i + 1, #words do rest[#rest + 1] = words[j] end
      break
    elseif not name then
      if word:find "^%-." then misuse("unknown option ", word) end
      rest[#rest + 1] = word
    elseif known[name] == nil then
      misuse("unknown option --", name)
    elseif not known[name] then
      if word:find("=", 1, true) then misuse("--", name, " takes no value") end
      options[name] = true
    else
      if not word:find("=", 1, true) then
        i = i + 1
        value = words[i]
      end
      if not value or value == "" then misuse("--", name, " needs a value") end
      options[name] = value
    end
    i = i + 1
  end
  return options, rest
end

-- The decimal number before the one in `digits`, which may have more digits than a number holds.
local function before(digits)
  local head, last, zeros = digits:match "^(%d-)([1-9])(0*)$"
  if not head then return nil end
  local text = head .. ("%d"):format(last - 1) .. ("9"):rep(#zeros)
  return (text:gsub("^0+(%d)", "%1"))
end

-- "N" or "N:PAGE" as the position of the message before.
local function resume_from(text)
  local number, page = text:match "^(%d+):(%d+)$"
  if not number then number, page = text:match "^%d+$", "0" end
  local last = number and before(number)
  if not last then misuse("--from ", text, ": N or N:PAGE expected, N being 1 or more") end
  return { sequence_number = last, sequence_page = page:gsub("^0+(%d)", "%1") }
end

local function positive(name, text, whole)
  local number = tonumber(text)
  if not number or not (number > 0 and number < math.huge) or whole and number % 1 ~= 0 then
    misuse("--", name, " ", text, ": a ", whole and "whole " or "", "number above 0 expected")
  end
  return number
end

local function failed(message, code)
  complain(message, " (", code, ")")
  return EXIT_FAILED
end

local function publish(client, cache, topic, options, value)
  local how = { binary = options.binary, timeout = options.timeout }
  if not options.lines then
    if not value or value == "-" then value = io.read "*a" end
    local published, message, code = client:publish(cache, topic, value, how)
    return published and EXIT_DONE or failed(message, code)
  end
  if value and value ~= "-" then misuse "--lines reads stdin and takes no VALUE" end
  for line in io.lines() do
    local published, message, code = client:publish(cache, topic, line, how)
    if not published then return failed(message, code) end
  end
  return EXIT_DONE
end

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function json_string(text)
  return '"' .. text:gsub('[%z\1-\31"\\]', function(char)
    return ESCAPES[char] or ("\\u%04x"):format(char:byte())
  end) .. '"'
end

-- A number beyond what Lua holds exactly is a string of digits already.
local function digits(number)
  return type(number) == "number" and ("%d"):format(number) or number
end

local function json_line(message)
  local binary = message.type == "binary"
  local line = ('{"sequence_number":%s,"sequence_page":%s,"type":"%s","value":%s'):format(
    digits(message.sequence_number), digits(message.sequence_page), message.type,
    json_string(binary and core.base64_encode(message.value) or message.value))
  if message.publisher_id then
    line = line .. ',"publisher_id":' .. json_string(message.publisher_id)
  end
  return line .. "}"
end

local function report_gap(gap)
  complain("discontinuity: after message ", digits(gap.last_sequence_number), " comes ",
    digits(gap.new_sequence_number), " of page ", digits(gap.new_sequence_page))
end

local function subscribe(client, cache, topic, options)
  local subscription, message, code = client:subscribe(cache, topic, {
    resume = options.from,
    on_discontinuity = report_gap,
    on_connection_lost = function(text, what)
      complain("connection lost: ", text, " (", what, "); trying again")
    end,
    on_connection_restored = function() complain "connection restored" end,
  })
  if not subscription then return failed(message, code) end
  local left = options.count or math.huge
  while left > 0 do
    local received, problem, kind = subscription:receive()
    if not received then return failed(problem, kind) end
    local written, reason =
      io.write(options.json and json_line(received) or received.value, "\n")
    if written then written, reason = io.stdout:flush() end
    if not written then
      complain("stdout: ", reason)
      return EXIT_FAILED
    end
    left = left - 1
  end
  subscription:close()
  return EXIT_DONE
end

local commands = { publish = publish, subscribe = subscribe }

local function run(words)
  local name = words[1]
  for _, word in ipairs(words) do
    if word == "--" then break end
    if word == "--help" or word == "-h" then name = "help" end
    if word == "--version" then name = "version" end
  end
  if name == "help" then
    io.write(USAGE)
    return EXIT_DONE
  elseif name == "version" then
    io.write("momento ", momento._VERSION, "\n")
    return EXIT_DONE
  end
  local command = commands[name]
  if not command then
    misuse(name and ("unknown command " .. name) or "publish or subscribe expected")
  end
  local options, rest = parse(words, OPTIONS[name])
  local most = name == "publish" and 4 or 3
  if #rest < 3 then misuse("CACHE and TOPIC expected") end
  if #rest > most then misuse("too many words: ", rest[most + 1]) end
  if options.timeout then options.timeout = positive("timeout", options.timeout) end
  if options.count then options.count = positive("count", options.count, true) end
  if options.from then options.from = resume_from(options.from) end
  local client, message, code = momento.client { endpoint = options.endpoint }
  if not client then return failed(message, code) end
  local exit = command(client, rest[2], rest[3], options, rest[4])
  client:close()
  return exit
end

--- Runs a command line.
---@param words string[]
---@return integer exit code
function cli.main(words)
  local fine, result = pcall(run, words)
  if fine then return result end
  if type(result) == "table" and result.usage then
    complain(result.usage, "; momento --help tells more")
    return EXIT_USAGE
  end
  if tostring(result):find "interrupted!$" then return EXIT_INTERRUPTED end
  error(result, 0)
end

return cli
