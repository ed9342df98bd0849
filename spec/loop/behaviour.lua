-- What a client does on every loop: one suite, for each loop and for nginx (which loads it in the
-- worker). A case is { name, function(h) }; h, the harness, is made by whoever runs it:
--
--   h.url, h.key          a topicsd without faults, that has the cache "c"
--   h.dead_url            an address where nobody listens
--   h.answers(status)     the URL of a peer that answers everything with that status
--   h.restart(signal)     ends the topicsd behind h.url with "KILL" or "TERM" and starts it again
--   h.client(options)     a client on the loop
--   h.spawn(f), h.sleep(seconds)
--   h.publish(client, cache, topic, value)            true | nil, message, code, detail
--   h.subscribe(client, cache, topic, options)      a reader: receive(seconds), position, close
--   h.topic(name)         a topic of this case alone
--
-- Cases use assert, so that they need no test library.

local PATIENCE = 30

local function equal(expected, got, what)
  if expected ~= got then
    error(("%s: expected %s, got %s"):format(what or "value", tostring(expected), tostring(got)), 2)
  end
end

local function receive(reader, seconds)
  local message, text, code = reader:receive(seconds or PATIENCE)
  if not message then error(("receive: %s (%s)"):format(tostring(text), tostring(code)), 2) end
  return message
end

local function until_true(h, condition, what)
  for _ = 1, PATIENCE * 100 do
    if condition() then return end
    h.sleep(0.01)
  end
  error("waited too long for " .. what, 2)
end

local cases = {}

local function case(name, f) cases[#cases + 1] = { name, f } end

case("publishes and receives in order", function(h)
  local client, topic = h.client(), h.topic "order"
  local reader = h.subscribe(client, "c", topic)
  for i = 1, 100 do assert(h.publish(client, "c", topic, "message " .. i)) end
  for i = 1, 100 do
    local message = receive(reader)
    equal("message " .. i, message.value)
    equal(i, message.sequence_number, "sequence number")
    equal("text", message.type, "type")
  end
  client:close()
end)

case("receives while another task publishes", function(h)
  local client, topic = h.client(), h.topic "both"
  local reader = h.subscribe(client, "c", topic)
  local published = 0
  h.spawn(function()
    for i = 1, 20 do
      assert(h.publish(client, "c", topic, tostring(i)))
      published = i
      h.sleep(0.001)
    end
  end)
  for i = 1, 20 do equal(tostring(i), receive(reader).value) end
  until_true(h, function() return published == 20 end, "the last publish to return")
  client:close()
end)

case("resumes after the position it is given", function(h)
  local client, topic = h.client(), h.topic "resume"
  local reader = h.subscribe(client, "c", topic)
  for i = 1, 10 do assert(h.publish(client, "c", topic, tostring(i))) end
  for _ = 1, 4 do receive(reader) end
  local position = reader:position()
  equal(4, position.sequence_number, "position")
  reader:close()
  reader = h.subscribe(client, "c", topic, { resume = position })
  for i = 5, 10 do
    local message = receive(reader)
    equal(tostring(i), message.value)
    equal(nil, message.discontinuity, "discontinuity")
  end
  client:close()
end)

case("reports a discontinuity once, before what follows it", function(h)
  local client, topic = h.client(), h.topic "gap"
  local seen = {}
  assert(h.publish(client, "c", topic, "old"))
  local reader = h.subscribe(client, "c", topic, {
    resume = { sequence_number = 7, sequence_page = 1 },
    on_discontinuity = function(gap) seen[#seen + 1] = gap end,
  })
  local message = receive(reader)
  equal("old", message.value)
  equal(1, #seen, "discontinuities")
  equal(message.sequence_page, seen[1].new_sequence_page, "page")
  equal(1, seen[1].new_sequence_number, "new sequence number")
  equal(1, message.discontinuity.new_sequence_number, "of the message")
  client:close()
end)

case("tells what cannot be retried", function(h)
  for status, code in pairs {
    [401] = "AUTHENTICATION_ERROR", [403] = "PERMISSION_ERROR", [404] = "NOT_FOUND_ERROR",
  } do
    local client = h.client { endpoint = h.answers(status) }
    local published, _, publish_code, detail = h.publish(client, "c", "t", "x")
    equal(nil, published, "publish")
    equal(code, publish_code, "code of publish")
    equal(status, detail.status, "status")
    local reader = h.subscribe(client, "c", "t")
    local message, _, receive_code = reader:receive(PATIENCE)
    equal(nil, message, "receive")
    equal(code, receive_code, "code of receive")
    client:close()
  end
end)

case("tells a cache that is not there and a wrong key", function(h)
  local client = h.client()
  local published, message, code = h.publish(client, "no such cache", "t", "x")
  equal(nil, published, "publish")
  equal("NOT_FOUND_ERROR", code, "code")
  assert(message:find("Cache not found", 1, true), message)
  client:close()
  client = h.client { api_key = "wrong" }
  local reader = h.subscribe(client, "c", "t")
  equal("AUTHENTICATION_ERROR", select(3, reader:receive(PATIENCE)), "code")
  client:close()
end)

case("times out and goes on with the same poll", function(h)
  local client, topic = h.client(), h.topic "timeout"
  local reader = h.subscribe(client, "c", topic)
  local message, text, code = reader:receive(0.05)
  equal(nil, message, "message")
  equal("timeout", text, "text")
  equal("TIMEOUT_ERROR", code, "code")
  equal(nil, (reader:receive(0)), "message at once")
  assert(h.publish(client, "c", topic, "late"))
  equal("late", receive(reader).value)
  client:close()
end)

case("retries while nobody listens, and says so", function(h)
  local lost, code = 0, nil
  local client = h.client { endpoint = h.dead_url }
  local reader = h.subscribe(client, "c", "t", {
    on_connection_lost = function(_, reason) lost, code = lost + 1, reason end,
  })
  equal("TIMEOUT_ERROR", select(3, reader:receive(0.5)), "code of receive")
  equal(1, lost, "times lost")
  equal("CONNECTION_ERROR", code, "code")
  equal("CONNECTION_ERROR", select(3, h.publish(client, "c", "t", "x")), "code of publish")
  client:close()
end)

case("ends a receive whose subscription another task closes", function(h)
  local client, topic = h.client(), h.topic "close"
  local reader = h.subscribe(client, "c", topic)
  local code
  h.spawn(function()
    code = select(3, reader:receive(PATIENCE))
  end)
  h.sleep(0.02)
  reader:close()
  until_true(h, function() return code end, "the receive to end")
  equal("CANCELLED_ERROR", code, "code")
  reader:close()
  client:close()
end)

case("ends every wait when the client is closed", function(h)
  local client, ended = h.client(), 0
  for i = 1, 5 do
    local reader = h.subscribe(client, "c", h.topic("closed " .. i))
    h.spawn(function()
      if select(3, reader:receive(PATIENCE)) == "CANCELLED_ERROR" then ended = ended + 1 end
    end)
  end
  h.sleep(0.02)
  client:close()
  until_true(h, function() return ended == 5 end, "five receives to end")
  equal("CANCELLED_ERROR", select(3, h.publish(client, "c", "t", "x")), "code of publish")
end)

case("keeps two clients apart", function(h)
  local one, two, topic = h.client(), h.client(), h.topic "two"
  local first, second = h.subscribe(one, "c", topic), h.subscribe(two, "c", topic)
  assert(h.publish(one, "c", topic, "x"))
  equal("x", receive(first).value)
  one:close()
  equal("x", receive(second).value)
  assert(h.publish(two, "c", topic, "y"))
  equal("y", receive(second).value)
  two:close()
end)

for _, signal in ipairs { "KILL", "TERM" } do
  case("goes on after topicsd was ended by " .. signal .. " and started again", function(h)
    local client, topic = h.client(), h.topic(signal)
    local restored = 0
    local reader = h.subscribe(client, "c", topic, {
      on_connection_restored = function() restored = restored + 1 end,
    })
    assert(h.publish(client, "c", topic, "before"))
    local before = receive(reader)
    h.restart(signal)
    until_true(h, function() return h.publish(client, "c", topic, "after") end, "a publish")
    local after = receive(reader)
    equal("after", after.value)
    assert(after.discontinuity, "the restart is not reported")
    assert(after.sequence_page > before.sequence_page, "the page is not greater")
    client:close()
  end)
end

return cases
