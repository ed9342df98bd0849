-- The client against a real topicsd that fails on purpose: whatever goes wrong, nothing is lost and
-- nothing comes twice, or the gap is reported; and a publish is never sent twice.

local Topicsd = require "spec.support.topicsd"
local http = require "spec.support.http"
local momento = require "momento"

local PATIENCE = 30 -- seconds

describe("with topicsd's faults", function()
  local server, admin, client

  setup(function()
    server = Topicsd.start { "--api-key", "secret", "--faults", "--admin-port", "0" }
    admin = server.process:wait_for_output "admin on (http://[%d.:]+)\n"
    client = assert(momento.client { api_key = "secret", endpoint = server.url })
  end)
  before_each(function() http.request(admin .. "/faults", { method = "DELETE" }) end)
  teardown(function()
    client:close()
    Topicsd.stop_all()
  end)

  local function add_rule(headers)
    assert.equal(204, (http.request(admin .. "/faults", { method = "POST", headers = headers })))
  end

  -- A rule that only strikes some requests, so often or always.
  local function rule(fields, rpcs, count)
    local headers = { ["error-rpcs"] = rpcs, ["delay-rpcs"] = rpcs, ["fault-rpcs"] = rpcs,
      ["error-count"] = count, ["delay-count"] = count, ["fault-count"] = count }
    for name, value in pairs(fields) do headers[name] = value end
    return headers
  end

  local function struck()
    local _, _, body = http.request(admin .. "/faults")
    return tonumber(body:match '"struck":(%d+)')
  end

  -- Behind the client's back, so that the faults are the subscription's alone.
  local function publish(topic, value)
    assert.equal(204, (http.request(server.url .. "/topics/my-cache/" .. topic, {
      body = value, headers = { Authorization = "secret" },
    })))
  end

  -- What a reader makes of messages 1, 2, ... published until the fault has struck, and of a last
  -- one after that: the values in order, with ! for each gap that was reported before one.
  local function read_through(topic, headers, strikes)
    local subscription = assert(client:subscribe("my-cache", topic))
    local story, published = {}, 0
    local function receive_until(value)
      repeat
        local message, text, code = subscription:receive(PATIENCE)
        if not message then error(("%s (%s) after %s"):format(text, code, table.concat(story))) end
        if message.discontinuity then story[#story + 1] = "!" end
        story[#story + 1] = message.value .. " "
      until message.value == value
    end
    publish(topic, "first")
    receive_until "first"
    add_rule(rule(headers, "topic-subscribe", strikes))
    while struck() < strikes do
      published = published + 1
      publish(topic, tostring(published))
      -- Some faults lose this message, and its gap shows with the next one only.
      local message = subscription:receive(0.3)
      if message then
        if message.discontinuity then story[#story + 1] = "!" end
        story[#story + 1] = message.value .. " "
      end
    end
    publish(topic, "last")
    receive_until "last"
    subscription:close()
    return table.concat(story), published
  end

  local subscribing = {
    { "a closed connection", { fault = "close" } },
    { "a reset", { fault = "reset" } },
    { "an answer cut before its body", { fault = "cut 0" } },
    { "an answer cut in its first item", { fault = "cut 30" } },
    { "an answer cut before its end", { fault = "cut 100" } },
    { "an answer that drips", { fault = "drip 20" } },
    { "malformed JSON", { fault = "malformed" } },
    { "a wrong length", { fault = "wrong-length 10" } },
    { "items twice", { fault = "duplicate" } },
    { "empty answers", { fault = "empty" } },
    { "answers that are late", { ["delay-ms"] = "100" } },
    { "an unavailable server", { ["return-error"] = "unavailable" } },
    { "an internal error", { ["return-error"] = "internal" } },
    { "a deadline of the server's", { ["return-error"] = "deadline-exceeded" } },
    { "a limit", { ["return-error"] = "resource-exhausted" } },
    { "a limit that asks for patience",
      { ["return-error"] = "resource-exhausted", ["retry-after"] = "1" }, strikes = 1 },
    -- gaps: what is missing is reported.
    { "an item that is left out", { fault = "skip" }, gaps = true },
    { "a new page", { fault = "new-page" }, gaps = true },
  }
  for index, row in ipairs(subscribing) do
    it("reads on after " .. row[1], function()
      local story, published = read_through("t" .. index, row[2], row.strikes or 2)
      local last, reported = 0, false
      for word in story:gmatch "%S+" do
        reported = reported or word:find("!", 1, true) ~= nil
        local number = tonumber((word:gsub("!", "")))
        if number then
          assert.is_true(number > last, story)
          assert.is_true(number == last + 1 or word:sub(1, 1) == "!", story)
          last = number
        end
      end
      if not row.gaps then
        assert.equal(published, last, story)
        assert.is_false(reported, story)
      end
      if last < published then assert.matches("!last $", story) end
    end)
  end

  it("reads on after faults of all kinds one after the other", function()
    local subscription = assert(client:subscribe("my-cache", "all"))
    for _, row in ipairs(subscribing) do
      if row[2].fault and not row.gaps then add_rule(rule(row[2], "topic-subscribe", 1)) end
    end
    for number = 1, 30 do publish("all", tostring(number)) end
    for number = 1, 30 do
      local message = assert(subscription:receive(PATIENCE))
      assert.equal(tostring(number), message.value)
      assert.is_nil(message.discontinuity)
    end
    subscription:close()
  end)

  for _, row in ipairs {
    -- fault, code; whether the message was published all the same
    { { fault = "close" }, "CONNECTION_ERROR", true },
    { { fault = "reset" }, "CONNECTION_ERROR", true },
    { { ["return-error"] = "unavailable" }, "SERVER_UNAVAILABLE" },
    { { ["return-error"] = "internal" }, "INTERNAL_SERVER_ERROR" },
    { { ["return-error"] = "permission-denied" }, "PERMISSION_ERROR" },
    { { ["return-error"] = "unauthenticated" }, "AUTHENTICATION_ERROR" },
    { { ["return-error"] = "not-found" }, "NOT_FOUND_ERROR" },
    { { ["return-error"] = "resource-exhausted", ["retry-after"] = "9" }, "LIMIT_EXCEEDED_ERROR" },
    { { fault = "drip 5" }, nil, true },
    { { ["delay-ms"] = "50" }, nil, true },
  } do
    local fault, value = next(row[1])
    if row[1]["return-error"] then fault, value = "return-error", row[1]["return-error"] end
    it(("publishes at most once in spite of %s: %s"):format(fault, value), function()
      local topic = "p-" .. value:gsub("%W", "-")
      add_rule(rule(row[1], "topic-publish"))
      local published, _, code, detail = client:publish("my-cache", topic, "x")
      assert.equal(row[2], code)
      assert.equal(row[2] == nil, published == true)
      if row[1]["retry-after"] then assert.equal(9, detail.retry_after) end
      local _, _, body = http.request(server.url .. "/topics/my-cache/" .. topic
        .. "?sequence_number=1&sequence_page=1", { headers = { Authorization = "secret" } })
      local _, messages = body:gsub('"text":"x"', "")
      assert.equal(row[3] and 1 or 0, messages)
    end)
  end

  it("gives up a publish whose answer is late, and does not send it again", function()
    add_rule { ["delay-ms"] = "600000", ["delay-rpcs"] = "topic-publish" }
    local _, _, code = client:publish("my-cache", "late", "x", { timeout = 1 })
    assert.equal("TIMEOUT_ERROR", code)
    assert.is_true(struck() <= 1)
  end)
end)
