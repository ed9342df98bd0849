-- doc/openapi.yaml against topicsd's real answers: every operation and status of the document is
-- brought about, and what comes back is held against its schema by a validator that knows nothing
-- of this project (spec/support/openapi_check.mjs). What the document does not allow to ask is 400.
-- No Lua of this project takes part, so one Lua is enough.
if jit then return end

local Topicsd = require "spec.support.topicsd"
local cjson = require "cjson"
local http = require "spec.support.http"
local process = require "spec.support.process"

local KEY = { Authorization = "secret" }
local TOPIC, TOKENS = "/topics/{cacheName}/{topicName}", "/tokens"
local TOKEN_REQUEST = '{"permissions":[{"role":"subscribeonly","cache":"*","topic":"x"}],'
  .. '"expires_in":60,"token_id":"ann"}'

local function poll(name, key, options)
  options.name, options.method, options.path, options.response = name, "GET", TOPIC, key
  options.headers = options.headers or KEY
  return options
end

local function publish(name, key, options)
  options.name, options.method, options.path, options.response = name, "POST", TOPIC, key
  options.headers, options.body = options.headers or KEY, options.body or "x"
  return options
end

local function vend(name, key, options)
  options.name, options.method, options.path, options.response = name, "POST", TOKENS, key
  options.headers = options.headers or KEY
  options.body, options.target = options.body or TOKEN_REQUEST, "/tokens"
  options.request = options.body
  return options
end

-- In this order. flags: of the server; with the same ones it is the same server. query: as the
-- document sees it. token: the role of a token that is used instead of the key. raw: sent as it
-- is. repeated: until the status is the expected one.
local exchanges = {
  publish("a text", "204", {}),
  publish("bytes", "204", { headers = { Authorization = "secret",
    ["Content-Type"] = "application/octet-stream" }, body = "\0\255" }),
  publish("with a token that has an id", "204", { token = "publishonly" }),
  publish("invalid UTF-8", "400", { body = "\255" }),
  publish("without a key", "401", { headers = {} }),
  publish("with a token for polling", "403", { token = "subscribeonly" }),
  publish("to a cache that is not there", "404", { target = "/topics/other/t" }),
  publish("too long a message", "429", { body = ("x"):rep(5000) }),
  publish("too often", "429", { flags = "--operations-per-second 1", repeated = true }),
  publish("too many bytes", "429", { flags = "--bytes-per-second 10 --max-message-bytes 10",
    body = "0123456789", repeated = true }),
  publish("too many caches", "429", { flags = "--auto-create-caches --max-caches 1",
    target = "/topics/other/t" }),
  publish("while all is blocked", "503", { flags = "--admin-port 0", blocked = true }),
  publish("with a body of unknown coding", "default", {
    raw = "POST /topics/my-cache/t HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n" }),
  publish("what does not arrive in time", "default", { flags = "--request-timeout 0.05",
    raw = "POST /topics/my-cache/t HTTP/1.1\r\nHost: h\r\nContent-Le" }),

  poll("messages from the first on", "200", { query = { sequence_number = "1" } }),
  poll("another page", "200", { query = { sequence_number = "7", sequence_page = "5" } }),
  poll("past the end of the hold limit", "200", { target = "/topics/my-cache/silent" }),
  poll("a negative number", "400", { query = { sequence_number = "-1" } }),
  poll("a fraction", "400", { query = { sequence_page = "1.5" } }),
  poll("no number", "400", { query = { sequence_number = "one" } }),
  poll("with a wrong key", "401", { headers = { Authorization = "wrong" } }),
  poll("with a token for publishing", "403", { token = "publishonly" }),
  poll("a cache that is not there", "404", { target = "/topics/other/t" }),
  poll("too often", "429", { flags = "--operations-per-second 1", repeated = true }),
  poll("too many at once", "429",
    { flags = "--admin-port 0 --polls-per-key 1 --hold 600", waiting = true }),
  poll("while all is blocked", "503", { flags = "--admin-port 0", blocked = true }),
  poll("too long a line", "default", { flags = "--max-request-line 64",
    target = "/topics/my-cache/" .. ("t"):rep(100) }),

  { name = "CORS preflight", method = "OPTIONS", path = TOPIC, response = "204" },
  { name = "another method", method = "GET", path = TOKENS, operation = "POST",
    target = "/tokens", headers = KEY, response = "default" },

  vend("a token", "200", {}),
  vend("for a prefix", "200", { body = '{"permissions":[{"role":"publishonly","cache":"a",'
    .. '"topic":{"prefix":"p"}}],"expires_in":90000}' }),
  vend("for too long", "400", { body = TOKEN_REQUEST:gsub("60", "90001") }),
  vend("for no time", "400", { body = TOKEN_REQUEST:gsub("60", "0") }),
  vend("for ever", "400", { body = TOKEN_REQUEST:gsub('"expires_in":60,', "") }),
  vend("an unknown role", "400", { body = TOKEN_REQUEST:gsub("subscribeonly", "admin") }),
  vend("an unknown member", "400", { body = TOKEN_REQUEST:gsub("token_id", "name") }),
  vend("too long an id", "400", { body = TOKEN_REQUEST:gsub("ann", ("n"):rep(65)) }),
  vend("an empty id", "400", { body = TOKEN_REQUEST:gsub("ann", "") }),
  vend("no permission", "400", { body = TOKEN_REQUEST:gsub("%[.*%]", "[]") }),
  vend("21 permissions", "400", { body = TOKEN_REQUEST:gsub("%[(.*)%]", function(one)
    return "[" .. (one .. ","):rep(20) .. one .. "]"
  end) }),
  vend("an empty name", "400", { body = TOKEN_REQUEST:gsub('"x"', '""') }),
  vend("what is no JSON", "400", { body = "{" }),
  vend("with a wrong key", "401", { headers = { Authorization = "wrong" } }),
  vend("with a token", "403", { token = "publishsubscribe" }),
  vend("too often", "429", { flags = "--operations-per-second 1", repeated = true }),
  vend("while all is blocked", "503", { flags = "--admin-port 0", blocked = true }),
}

-- Answers that are wrong, to see that it would be noticed.
local FINE = '{"items":[{"item":'
  .. '{"topic_sequence_number":1,"sequence_page":2,"value":{"text":"x"}}}]}'
local forgeries = {
  { "a number as text", body = FINE:gsub(":1,", ':"1",') },
  { "a negative number", body = FINE:gsub(":1,", ":-1,") },
  { "an item without a page", body = FINE:gsub('"sequence_page":2,', "") },
  { "an unknown member", body = FINE:gsub('"text":"x"', '%0,"more":1') },
  { "binary that is not base64", body = FINE:gsub('"text":"x"', '"binary":"*"') },
  { "an item that is also a discontinuity", body = FINE:gsub('"item"', '"discontinuity"') },
  { "what is no JSON", body = "{" },
  { "another content type", type = "text/plain" },
  { "no CORS header", origin = false },
  { "a status that the document does not have", status = 299 },
  { "an error that names another status", status = 404,
    body = '{"status":400,"title":"Not Found","detail":"Cache not found"}' },
  { "an unknown limit", status = 429,
    body = '{"status":429,"title":"Too Many Requests","detail":"d","err":"other"}' },
}

describe("doc/openapi.yaml", function()
  local verdicts -- of the exchanges, then of the forgeries
  local servers = {}

  local function server_with(flags)
    if servers[flags] then return servers[flags] end
    local words = { "--api-key", "secret", "--hold", "0.05" }
    for word in flags:gmatch "%S+" do words[#words + 1] = word end
    servers[flags] = Topicsd.start(words)
    return servers[flags]
  end

  local function send(server, exchange)
    if exchange.raw then
      return http.parse(assert(http.raw("127.0.0.1", server.port, exchange.raw)))
    end
    local query = ""
    for name, value in pairs(exchange.query or {}) do
      query = ("%s&%s=%s"):format(query, name, value)
    end
    local target = (exchange.target or "/topics/my-cache/t") .. query:gsub("^&", "?")
    return http.request(server.url .. target,
      { method = exchange.method, headers = exchange.headers, body = exchange.body })
  end

  local function use_token(server, exchange)
    local _, _, body = send(server, vend("", "", {
      body = TOKEN_REQUEST:gsub("subscribeonly", exchange.token):gsub('"x"', '"*"') }))
    exchange.headers = { Authorization = cjson.decode(body).api_key }
  end

  -- A poll that waits on another connection.
  local function wait_elsewhere(server, admin)
    local connection = http.connect("127.0.0.1", server.port)
    assert(connection:send "GET /topics/my-cache/t?token=secret HTTP/1.1\r\nHost: h\r\n\r\n")
    process.wait_until(function()
      local _, _, topics = http.request(admin .. "/topics")
      return topics:find('"waiters":1', 1, true)
    end, 30, "a poll that waits")
    return connection
  end

  local function carry_out(exchange)
    local server = server_with(exchange.flags or "")
    if exchange.token then use_token(server, exchange) end
    local admin = (exchange.waiting or exchange.blocked)
      and server.process:wait_for_output "admin on (http://[%d.:]+)\n"
    local waiting = exchange.waiting and wait_elsewhere(server, admin)
    if exchange.blocked then http.request(admin .. "/block", { method = "POST" }) end
    local status, headers, body
    process.wait_until(function()
      status, headers, body = send(server, exchange)
      return not exchange.repeated or tostring(status) == exchange.response
    end, 30, exchange.name)
    if exchange.blocked then http.request(admin .. "/unblock", { method = "POST" }) end
    if waiting then waiting:close() end
    return {
      path = exchange.path, method = exchange.operation or exchange.method, status = status,
      headers = headers, body = body, query = exchange.query, request = exchange.request,
    }
  end

  local function forge(forgery)
    return {
      path = TOPIC, method = "GET", status = forgery.status or 200, body = forgery.body or FINE,
      headers = { ["content-type"] = forgery.type or "application/json",
        ["access-control-allow-origin"] = forgery.origin == nil and "*" or nil },
    }
  end

  setup(function()
    local lines = {}
    for _, exchange in ipairs(exchanges) do
      lines[#lines + 1] = cjson.encode(carry_out(exchange))
    end
    for _, forgery in ipairs(forgeries) do lines[#lines + 1] = cjson.encode(forge(forgery)) end
    local checker = process.start { "node", "spec/support/openapi_check.mjs", "doc/openapi.yaml",
      stdin = table.concat(lines, "\n") }
    assert(checker:wait(60) == 0, checker:errors())
    verdicts = {}
    for line in checker:output():gmatch "[^\n]+" do verdicts[#verdicts + 1] = cjson.decode(line) end
  end)
  teardown(function() Topicsd.stop_all() end)

  for index, exchange in ipairs(exchanges) do
    it(("has %s %s: %s, %s"):format(exchange.method, exchange.path, exchange.name,
      exchange.response), function()
      local verdict = verdicts[index]
      assert.same({}, verdict.problems)
      assert.equal(exchange.response, verdict.response)
      if exchange.request or exchange.query then
        assert.equal(exchange.response ~= "400", verdict.request_valid)
      end
    end)
  end

  for index, forgery in ipairs(forgeries) do
    it("does not have " .. forgery[1], function()
      assert.not_same({}, verdicts[#exchanges + index].problems)
    end)
  end

  it("has no response that was not brought about", function()
    local seen = {}
    for _, exchange in ipairs(exchanges) do
      seen[exchange.path .. " " .. (exchange.operation or exchange.method):lower() .. " "
        .. exchange.response] = true
    end
    local path, method
    local text = process.read_file "doc/openapi.yaml"
    for line in text:match("\npaths:\n(.-)\ncomponents:\n"):gmatch "[^\n]+" do
      path = line:match "^  (/[^:]*):" or path
      method = line:match "^    (%l+):$" or method
      local key = line:match "^        '?(%w+)'?: ?{?.*$"
      if key and (key:match "^%d%d%d$" or key == "default") then
        assert.truthy(seen[("%s %s %s"):format(path, method, key)],
          ("%s %s %s"):format(path, method, key))
      end
    end
  end)
end)
