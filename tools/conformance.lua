--- Holds a server against the rules of doc/protocol.md, over plain HTTP: make conformance.
---
---   URL     of the server, or the region of the hosted service (not needed with a v1 key)
---   KEY     an API key; without it, MOMENTO_API_KEY
---   CACHE   that exists (my-cache)
---   HOLD    1: also wait for the server's hold limit, a minute or so
---   SECTION only the rules of that section of the protocol
---
--- Prints a line a rule, with the section that it is from and where it comes from: documented by
--- Momento, seen in its SDKs, or inferred by this project. Exit codes: 0 all are kept, 1 some are
--- broken, 2 wrong usage. Everything is published to topics of its own.

local Exchange = require "tools.conformance.exchange"
local credentials = require "momento.credentials"

local function setting(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

local function rules_of(section)
  local list = {}
  for _, file in ipairs { "requests", "answers", "sequences", "errors" } do
    for _, rule in ipairs(require("tools.conformance." .. file)) do
      if not section or tostring(rule[1]) == section then list[#list + 1] = rule end
    end
  end
  return list
end

-- "kept", "broken" or "not run", and why.
local function try(exchange, rule, started)
  if rule.ahead and not started then return "not run", "it needs HOLD=1" end
  local fine, reason = true, nil
  if started then fine, reason = started.fine, started.result end
  if fine then fine, reason = pcall(rule[4], exchange, reason) end
  if not fine then return "broken", exchange:redact(tostring(reason)) end
  return reason and "not run" or "kept", reason
end

local function run(exchange, rules)
  local counts = { kept = 0, broken = 0, ["not run"] = 0 }
  local started = {}
  for _, rule in ipairs(rules) do
    if rule.ahead and setting "HOLD" then
      local fine, result = pcall(rule.ahead, exchange)
      started[rule] = { fine = fine, result = result }
    end
  end
  for _, rule in ipairs(rules) do
    local outcome, reason = try(exchange, rule, started[rule])
    counts[outcome] = counts[outcome] + 1
    print(("%-8s %d  %-11s %s"):format(outcome, rule[1], rule[2], rule[3]))
    if reason then print("           " .. reason) end
  end
  print(("%d rules kept, %d broken, %d not run"):format(counts.kept, counts.broken,
    counts["not run"]))
  return counts.broken == 0 and 0 or 1
end

local function wrong_usage(problem)
  io.stderr:write("conformance: ", problem, "\n",
    "usage: make conformance URL=http://127.0.0.1:8080 KEY=...\n")
  return 2
end

local function main()
  io.stdout:setvbuf "line"
  local whole_key = setting "KEY" or setting "MOMENTO_API_KEY"
  if not whole_key then return wrong_usage "no key: set KEY" end
  local origin, token = credentials.resolve { api_key = whole_key, endpoint = setting "URL" }
  if not origin then return wrong_usage(token) end
  local rules = rules_of(setting "SECTION")
  if #rules == 0 then return wrong_usage "there are no rules of that section" end
  local exchange = Exchange.new(origin, token, setting "CACHE" or "my-cache")
  exchange.whole_key = whole_key:match "^%s*(.-)%s*$"
  local fine, code = pcall(run, exchange, rules)
  exchange:close()
  return fine and code or wrong_usage(exchange:redact(tostring(code)))
end

os.exit(main(), true)
