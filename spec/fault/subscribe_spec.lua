-- Subscribing against a peer that misbehaves: the rules of protocol sections 4 and 5 over real
-- sockets. The exact waits are specified in spec/unit, in time that is made up.

local momento = require "momento"
local envelope = require "spec.support.envelope"
local Peer = require "spec.support.peer"

local TOKEN = "s3cret"
local PAGE = 1700000000
local PATIENCE = 30 -- seconds

local function answer(status, body, headers)
  return { send = Peer.answer(status, body, headers) }
end

local function items(...)
  local list = {}
  for i, number in ipairs { ... } do list[i] = envelope.text(number, PAGE, "m" .. number) end
  return envelope.body((table.unpack or unpack)(list))
end

local function messages(...)
  return answer(200, items(...))
end

local HOLD = { hold = true }

-- What the peer was asked for: "number@page" of each poll.
local function asked(peer, count)
  local list = {}
  local pattern = "^GET /topics/c/t%?sequence_number=(%d+)&sequence_page=(%d+) HTTP/1.1\r\n"
  for i, request in ipairs(peer:wait_for_requests(count, PATIENCE)) do
    local number, page = request:match(pattern)
    list[i] = page == "0" and number or page == tostring(PAGE) and number .. "@P"
      or number .. "@" .. page
  end
  return table.concat(list, " ", 1, count)
end

describe("subscribe", function()
  local client, peer, log

  local function start(steps, options)
    steps[#steps + 1] = HOLD
    peer = Peer.start(steps)
    log = {}
    client = assert(momento.client {
      api_key = TOKEN,
      endpoint = peer.url,
      poll_timeout = options and options.poll_timeout,
      max_body = options and options.max_body,
      logger = function(level, text) log[#log + 1] = level .. " " .. text end,
    })
    return assert(client:subscribe("c", "t", options and options.subscribe))
  end

  local function values(subscription, count)
    local list = {}
    for i = 1, count do
      local message, text, code = subscription:receive(PATIENCE)
      if not message then
        error(("%s (%s) after %s"):format(text, code, table.concat(list, " ")))
      end
      list[i] = message.value
    end
    return table.concat(list, " ")
  end

  after_each(function()
    if client then client:close() end
    if peer then peer:stop() end
    client, peer = nil, nil
  end)

  it("asks with its headers, and nothing of the token in the target", function()
    local subscription = start { messages(1) }
    assert.equal("m1", values(subscription, 1))
    local request = peer:wait_for_requests(1)[1]
    assert.matches("\r\nAuthorization: s3cret\r\n", request, 1, true)
    assert.matches("\r\nUser%-Agent: lua%-momento/%d", request)
    assert.is_nil(request:match "^[^\r]*":find(TOKEN, 1, true))
  end)

  local going_on = {
    { "200 with no items", answer(200, '{"items":[]}') },
    { "204", answer(204, nil) },
    { "408", answer(408, "") },
    { "429", answer(429, "") },
    { "500", answer(500, "") },
    { "502", answer(502, "<html>Bad Gateway</html>") },
    { "503", answer(503, "") },
    { "504", answer(504, "") },
    { "another 5xx", answer(599, "") },
    { "a closed connection", { close = true } },
    { "a reset connection", { reset = true } },
    { "a status line cut short", { send = "HTTP/1.", close = true } },
    { "a body that never came",
      { send = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", close = true } },
    { "no HTTP at all", { send = "220 smtp.example.com\r\n", close = true } },
    { "JSON of another shape", answer(200, '{"message":"hello"}') },
    { "an array", answer(200, "[]") },
    { "HTML", answer(200, "<html></html>") },
    { "an empty body", answer(200, "") },
    { "nesting without end", answer(200, ("["):rep(100000)) },
    { "a number that is none", answer(200, envelope.body(envelope.text("5e0", PAGE, "x"))) },
    { "a number too large",
      answer(200, envelope.body(envelope.text("99999999999999999999", PAGE, "x"))) },
    { "a value of no kind", answer(200, envelope.body(envelope.message(5, PAGE, "7"))) },
    { "binary that is none",
      answer(200, envelope.body(envelope.message(5, PAGE, '{"binary":"*"}'))) },
    { "only what was had", messages(3, 4) },
  }
  for _, row in ipairs(going_on) do
    it("asks again from the same position after " .. row[1], function()
      local subscription = start { messages(4), row[2], messages(5) }
      assert.equal("m4 m5", values(subscription, 2))
      assert.equal("0 5@P 5@P", asked(peer, 3))
    end)
  end

  local final = {
    { "400", answer(400, '{"detail":"why"}'), "BAD_REQUEST_ERROR", 400 },
    { "401", answer(401, '{"detail":"why"}'), "AUTHENTICATION_ERROR", 401 },
    { "403", answer(403, '{"detail":"why"}'), "PERMISSION_ERROR", 403 },
    { "404", answer(404, '{"detail":"why"}'), "NOT_FOUND_ERROR", 404 },
    { "another 4xx", answer(418, '{"detail":"why"}'), "UNKNOWN_SERVICE_ERROR", 418 },
    { "an unexpected 2xx", answer(206, '{"detail":"why"}'), "UNKNOWN_SERVICE_ERROR", 206 },
    { "a redirect", answer(302, '{"detail":"why"}', { "Location: /" }), "UNKNOWN_SERVICE_ERROR",
      302 },
  }
  for _, row in ipairs(final) do
    it("ends with " .. row[1] .. ", told by the first receive, and works asked again", function()
      local subscription = start { row[2], messages(1) }
      local message, text, code, detail = subscription:receive(PATIENCE)
      assert.is_nil(message)
      assert.matches("why", text)
      assert.equal(row[3], code)
      assert.equal(row[4], detail.status)
      assert.is_false(detail.retryable)
      assert.equal("0", asked(peer, 1))
      assert.equal("m1", values(subscription, 1))
    end)
  end

  it("obeys Retry-After", function()
    local subscription = start { answer(429, "", { "Retry-After: 1" }), messages(1) }
    assert.equal("TIMEOUT_ERROR", (select(3, subscription:receive(0.5))))
    assert.equal(1, #peer:requests())
    assert.equal("m1", values(subscription, 1))
  end)

  local body = items(5, 6, 7)
  local whole = Peer.answer(200, body)
  local cut = items(5, 6)
  local ALL, REST = "0 5@P", "0 5@P 6@P" -- what is asked for when all came, or 5 only
  local in_parts = {
    { "a body in small pieces", { send = whole, drip = 7, pause = 0.0005 }, ALL },
    { "a chunked body", { send = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      .. ("9;ext=1\r\n%s\r\n"):format(body:sub(1, 9))
      .. ("%x\r\n%s\r\n0\r\nTrailer: x\r\n\r\n"):format(#body - 9, body:sub(10)) }, ALL },
    { "a body ended by the connection",
      { send = "HTTP/1.0 200 OK\r\n\r\n" .. body, close = true }, ALL },
    { "interim answers", { send = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" .. whole }, ALL },
    { "a body cut by the connection",
      { send = Peer.answer(200, cut):sub(1, -20), close = true }, REST },
    { "a body cut by a reset", { send = Peer.answer(200, cut):sub(1, -20), reset = true }, nil },
    { "a body malformed half-way", answer(200, cut:sub(1, -12) .. "]}"), REST },
    { "a longer body than it says",
      { send = Peer.answer(200, cut:sub(1, -20)) .. cut:sub(-19), close = true }, REST },
  }
  for _, row in ipairs(in_parts) do
    it("delivers each message once, in order, from " .. row[1], function()
      -- A reset may overtake what was sent before it.
      local rest = row[3] == ALL and HOLD or row[3] and messages(6, 7) or messages(5, 6, 7)
      local subscription = start { messages(4), row[2], rest }
      assert.equal("m4 m5 m6 m7", values(subscription, 4))
      if row[3] then assert.equal(row[3], asked(peer, row[3] == ALL and 2 or 3)) end
      assert.equal(4, client:stats().delivered)
    end)
  end

  it("counts what is malformed and what came twice", function()
    local subscription = start { messages(1, 2), answer(200, "{"), messages(1, 2, 3) }
    assert.equal("m1 m2 m3", values(subscription, 3))
    assert.equal("TIMEOUT_ERROR", (select(3, subscription:receive(0))))
    local stats = client:stats()
    assert.equal(1, stats.malformed)
    assert.equal(2, stats.duplicates)
    assert.equal(0, stats.discontinuities)
  end)

  it("reports gaps, said or unsaid, and new pages", function()
    local subscription = start {
      messages(1), messages(4),
      answer(200, envelope.body(envelope.discontinuity(4, 1, PAGE + 1),
        envelope.text(1, PAGE + 1, "n1"))),
      answer(200, envelope.body(envelope.text(1, PAGE + 2, "o1"))),
    }
    local list = {}
    for event in subscription:events() do
      list[#list + 1] = event.kind == "message" and event.value
        or event.new_sequence_number .. "@" .. event.new_sequence_page - PAGE
      if event.value == "o1" then break end
    end
    assert.equal("m1 4@0 m4 1@1 n1 1@2 o1", table.concat(list, " "))
    assert.equal("0 2@P 5@P 2@" .. PAGE + 1, asked(peer, 4))
  end)

  it("polls again when its own timeout has passed", function()
    local subscription = start({ messages(4), HOLD, messages(5) }, { poll_timeout = 0.2 })
    assert.equal("m4 m5", values(subscription, 2))
    assert.equal("0 5@P 5@P", asked(peer, 3))
  end)

  it("tells of a connection lost and restored, once each", function()
    local told = {}
    local subscription = start({ messages(1), { close = true }, answer(502, ""), { reset = true },
      messages(2) }, { subscribe = {
        on_connection_lost = function(text, code, detail)
          told[#told + 1] = "lost"
          assert.is_string(text)
          assert.is_string(code)
          assert.is_true(detail.retryable)
        end,
        on_connection_restored = function() told[#told + 1] = "restored" end,
      } })
    assert.equal("m1 m2", values(subscription, 2))
    assert.same({ "lost", "restored" }, told)
    assert.is_true(client:stats().retries >= 1)
  end)

  it("logs what happens, and never the token", function()
    local subscription = start { answer(500, TOKEN), answer(200, TOKEN), messages(1), messages(3) }
    assert.equal("m1 m3", values(subscription, 2))
    local text = table.concat(log, "\n")
    assert.matches("warn c/t: .*INTERNAL_SERVER_ERROR", text)
    assert.matches("warn c/t: .*UNKNOWN_SERVICE_ERROR", text)
    assert.matches("info c/t: connection restored", text)
    assert.matches("info c/t: discontinuity", text)
    assert.is_nil(text:find(TOKEN, 1, true))
  end)

  it("gives up an answer larger than max_body, and asks again", function()
    local lost
    local subscription = start({ messages(4),
      answer(200, envelope.body(envelope.text(5, PAGE, ("x"):rep(5000)))), messages(5) },
      { max_body = 4096, subscribe = { on_connection_lost = function(text) lost = text end } })
    assert.equal("m4 m5", values(subscription, 2))
    for _, text in ipairs { lost or "nothing", table.concat(log, "\n") } do
      assert.matches("answer is longer than max_body (4096 bytes)", text, 1, true)
    end
    assert.equal("0 5@P 5@P", asked(peer, 3))
  end)

  it("takes a large answer", function()
    local numbers = {}
    for i = 1, 5000 do numbers[i] = i end
    local subscription = start { messages((table.unpack or unpack)(numbers)) }
    for i = 1, 5000 do assert.equal(i, subscription:receive(PATIENCE).sequence_number) end
  end)
end)
