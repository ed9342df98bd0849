-- topicsd --faults: each fault as it goes over the wire, asked for by a request and by a rule of
-- the operator. Which fields ask for what is specified in spec/c/faults_test.c; what the client
-- makes of it, in spec/fault/topicsd_spec.lua.
-- No Lua of this project takes part, so one Lua is enough.
if jit then return end

local Topicsd = require "spec.support.topicsd"
local http = require "spec.support.http"
local process = require "spec.support.process"

local ITEM = '{"item":{"topic_sequence_number":%d,"sequence_page":PAGE,"value":{"text":"m%d"}}}'
local function envelope(...)
  local items = {}
  for i, number in ipairs { ... } do items[i] = ITEM:format(number, number) end
  return '{"items":[' .. table.concat(items, ",") .. "]}"
end
local WHOLE = envelope(1, 2)
local WHOLE_LENGTH = #WHOLE:gsub("PAGE", "1700000000")

describe("topicsd --faults", function()
  local server, admin

  setup(function()
    server = Topicsd.start { "--api-key", "secret", "--faults", "--admin-port", "0" }
    admin = server.process:wait_for_output "admin on (http://[%d.:]+)\n"
  end)
  after_each(function() http.request(admin .. "/faults", { method = "DELETE" }) end)
  teardown(function() Topicsd.stop_all() end)

  local function request_text(method, topic, headers, body)
    local lines = { ("%s /topics/my-cache/%s HTTP/1.1"):format(method, topic), "Host: h",
      "Authorization: secret" }
    for name, value in pairs(headers or {}) do lines[#lines + 1] = name .. ": " .. value end
    if body then lines[#lines + 1] = "Content-Length: " .. #body end
    return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or "")
  end

  local function publish(topic, value, headers)
    headers = headers or {}
    headers.Connection = "close"
    local answer = http.raw("127.0.0.1", server.port, request_text("POST", topic, headers, value))
    return http.parse(answer)
  end

  -- Everything that comes for a poll, from the first message on unless it says otherwise.
  local function poll(topic, headers, position)
    headers = headers or {}
    headers.Connection = "close"
    local answer, _, partial = http.raw("127.0.0.1", server.port,
      request_text("GET", topic .. (position or "?sequence_number=1"), headers))
    return answer or partial or ""
  end

  local function add_rule(headers)
    return http.request(admin .. "/faults", { method = "POST", headers = headers })
  end

  local topics = 0
  local function topic_with_messages()
    topics = topics + 1
    local topic = "t" .. topics
    for number = 1, 2 do assert.equal(204, (publish(topic, "m" .. number))) end
    return topic
  end

  -- The body without the number of the page, and how many bytes of it are missing; nil: no answer.
  local function body_of(answer)
    if answer == "" then return nil end
    local _, headers, body = http.parse(answer)
    local missing = tonumber(headers["content-length"]) - #body
    return (body:gsub('("sequence_page":)%d+', "%1PAGE")), missing
  end

  for _, row in ipairs {
    -- fault, body, bytes that are announced and do not come
    { "close", nil },
    { "reset", nil },
    { "cut 0", "", WHOLE_LENGTH },
    { "cut 18", WHOLE:sub(1, 18), WHOLE_LENGTH - 18 },
    { "cut 100000", WHOLE, 0 },
    { "drip 50", WHOLE, 0 },
    { "wrong-length 5", WHOLE, 5 },
    { "duplicate", envelope(1, 1, 2, 2), 0 },
    { "skip", envelope(2), 0 },
    { "empty", envelope(), 0 },
  } do
    local fault, expected, missing = row[1], row[2], row[3]
    local function check(answer)
      assert.same({ expected, missing }, { body_of(answer) })
    end

    it("answers a poll that asks for " .. fault, function()
      local topic = topic_with_messages()
      check((poll(topic, { fault = fault })))
      assert.equal(WHOLE, (body_of(poll(topic))))
    end)

    it("answers by a rule for " .. fault .. ", as often as it says", function()
      local topic = topic_with_messages()
      assert.equal(204, (add_rule {
        fault = fault, ["fault-count"] = "1", ["fault-rpcs"] = "topic-subscribe",
      }))
      assert.equal(204, (publish(topic, "m3")))
      local listed = '{"faults":[{"fault":"%s","struck":%d}]}\n'
      local _, _, rules = http.request(admin .. "/faults")
      assert.equal(listed:format(fault, 0), rules)
      poll(topic)
      _, _, rules = http.request(admin .. "/faults")
      assert.equal(listed:format(fault, 1), rules)
      assert.equal(envelope(1, 2, 3), (body_of(poll(topic))))
    end)
  end

  it("resets when a reset is asked for, and closes when that is", function()
    local topic = topic_with_messages()
    local function ending(fault)
      local connection = http.connect("127.0.0.1", server.port)
      assert(connection:send(request_text("GET", topic .. "?sequence_number=1", { fault = fault })))
      local _, problem = connection:receive(1)
      connection:close()
      return problem
    end
    assert.equal("closed", ending "close")
    assert.not_equal("timeout", ending "reset")
  end)

  it("puts a byte that no JSON has in the middle of the body", function()
    local body = body_of(poll(topic_with_messages(), { fault = "malformed" }))
    local before, after = body:match "^(.*)\1(.*)$"
    assert.is_true(#before > 0 and #after > 0)
  end)

  it("begins a new page, whose discontinuity the client of the old one is told", function()
    local topic = topic_with_messages()
    local page = poll(topic):match '"sequence_page":(%d+)'
    local answer = poll(topic, { fault = "new-page" }, "?sequence_number=3&sequence_page=" .. page)
    assert.matches('^{"items":%[{"discontinuity":', (body_of(answer)))
    assert.is_true(tonumber(answer:match '"new_sequence_page":(%d+)') > tonumber(page))
  end)

  it("strikes a poll that waits, when its message comes", function()
    topics = topics + 1
    local topic = "t" .. topics
    local connection = http.connect("127.0.0.1", server.port)
    assert(connection:send(request_text("GET", topic, { fault = "duplicate" })))
    process.wait_until(function()
      local _, _, list = http.request(admin .. "/topics")
      return list:find('"topic":"' .. topic .. '","waiters":1', 1, true)
    end)
    assert.equal(204, (publish(topic, "m1")))
    local _, _, body = http.read_answer(connection)
    connection:close()
    assert.equal(envelope(1, 1), (body:gsub('("sequence_page":)%d+', "%1PAGE")))
  end)

  for _, row in ipairs {
    { "unavailable", 503 }, { "resource-exhausted", 429 }, { "not-found", 404 }, { "418", 418 },
  } do
    it("answers " .. row[2] .. " for " .. row[1] .. ", with Retry-After when wanted", function()
      local status, headers = publish("t", "x",
        { ["return-error"] = row[1], ["retry-after"] = "3" })
      assert.equal(row[2], status)
      assert.equal("3", headers["retry-after"])
    end)
  end

  it("publishes nothing when it answers an error", function()
    local topic = topic_with_messages()
    publish(topic, "x", { ["return-error"] = "unavailable" })
    assert.equal(WHOLE, (body_of(poll(topic))))
  end)

  it("fails the first requests of an id, then none", function()
    local function try(id)
      return (publish("t", "x", {
        ["return-error"] = "503", ["error-count"] = "2", ["request-id"] = id,
      }))
    end
    assert.same({ 503, 503, 204, 503 }, { try "a", try "a", try "a", try "b" })
  end)

  it("holds an answer back and serves others meanwhile", function()
    local slow = http.connect("127.0.0.1", server.port)
    assert(slow:send(request_text("POST", "t", { ["delay-ms"] = "600000" }, "x")))
    local late = http.connect("127.0.0.1", server.port)
    assert(late:send(request_text("POST", "t", { ["delay-ms"] = "100" }, "x")))
    assert.equal(204, (publish("t", "y")))
    assert.equal(204, (http.read_answer(late)))
    slow:settimeout(0)
    assert.equal("timeout", select(2, slow:receive(1)))
    slow:close()
    late:close()
  end)

  it("goes on with what was pipelined after an answer that was held back", function()
    local connection = http.connect("127.0.0.1", server.port)
    assert(connection:send(request_text("POST", "t", { ["delay-ms"] = "50" }, "x")
      .. request_text("POST", "t", { fault = "drip 10" }, "x")
      .. request_text("POST", "t", { ["return-error"] = "404" }, "x")))
    assert.equal(204, (http.read_answer(connection)))
    assert.equal(204, (http.read_answer(connection)))
    assert.equal(404, (http.read_answer(connection)))
    connection:close()
  end)

  it("forgets clients that leave in the middle", function()
    local function connections()
      local _, _, metrics = http.request(admin .. "/metrics")
      return tonumber(metrics:match "\ntopicsd_connections (%d+)")
    end
    local before = connections()
    for _, headers in ipairs { { fault = "drip 1" }, { ["delay-ms"] = "600000" } } do
      local connection = http.connect("127.0.0.1", server.port)
      assert(connection:send(request_text("POST", "t", headers, "x")))
      connection:close()
    end
    process.wait_until(function() return connections() <= before end, 30, "them to be forgotten")
  end)

  it("lists what each rule does, the oldest first", function()
    assert.equal(204, (add_rule { ["return-error"] = "unavailable", ["error-count"] = "0" }))
    assert.equal(204, (add_rule { ["delay-ms"] = "20", fault = "cut 5" }))
    assert.equal(204, (add_rule { ["return-error"] = "418", ["delay-ms"] = "0" }))
    local _, _, rules = http.request(admin .. "/faults")
    assert.equal('{"faults":[{"return-error":503,"struck":0},'
      .. '{"delay-ms":20,"fault":"cut 5","struck":0},{"return-error":418,"struck":0}]}\n', rules)
  end)

  it("refuses fields that it does not know, rather than do nothing", function()
    assert.equal(400, (publish("t", "x", { fault = "flood" })))
    assert.equal(400, (add_rule { fault = "flood" }))
    assert.equal(400, (add_rule {}))
    assert.equal(405, (http.request(admin .. "/faults", { method = "PUT" })))
  end)

  it("ends at once while an answer is held back", function()
    local other = Topicsd.start { "--no-auth", "--faults", "--drain-seconds", "0.1" }
    local connection = http.connect("127.0.0.1", other.port)
    assert(connection:send(request_text("POST", "t", { ["delay-ms"] = "600000" }, "x")))
    -- Whoever asks later is answered: so the first one is held back by now.
    assert.equal(204, (http.request(other.url .. "/topics/my-cache/t", { body = "x" })))
    assert.equal(0, other:stop())
    connection:close()
  end)

  it("is not there unless asked for", function()
    local other = Topicsd.start { "--no-auth", "--admin-port", "0" }
    local operator = other.process:wait_for_output "admin on (http://[%d.:]+)\n"
    assert.equal(404, (http.request(operator .. "/faults", { method = "POST",
      headers = { fault = "reset" } })))
    assert.equal(204, (http.request(other.url .. "/topics/my-cache/t", {
      body = "x", headers = { fault = "reset", ["return-error"] = "503" } })))
  end)
end)
