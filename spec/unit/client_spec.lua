-- momento.client: options, bad input of every kind, and when a publish is sent again, over a
-- transport whose time is made up.

local momento = require "momento"
local VirtualTransport = require "spec.support.virtual_transport"

local TRANSPORT = "momento.transport.curl"
local DONE = { status = 204 }
local REFUSED = { error = { "refused", "CONNECTION_ERROR",
  { transport = 7, retryable = true, unsent = true } } }
local CUT = { error = { "cut", "CONNECTION_ERROR", { transport = 56, retryable = true } } }
local TOO_LATE = { error = { "too long", "TIMEOUT_ERROR", { transport = 28, retryable = true } } }
local BAD_CERTIFICATE = { error = { "certificate", "CONNECTION_ERROR",
  { transport = 60, retryable = false, unsent = true } } }

-- A client over a virtual transport with those answers, the transport, and the options it got.
local function make(answers, options)
  local transport, passed = VirtualTransport.new(answers or { DONE }), nil
  local real = package.loaded[TRANSPORT]
  package.loaded[TRANSPORT] = {
    new = function(given)
      passed = given
      return transport
    end,
  }
  local all = { api_key = "t0ken", endpoint = "http://127.0.0.1:1" }
  for name, value in pairs(options or {}) do all[name] = value end
  local client = assert(momento.client(all))
  package.loaded[TRANSPORT] = real
  return client, transport, passed
end

describe("momento.client", function()
  it("gives its transport what it needs, with defaults", function()
    local _, _, passed = make()
    assert.equal("http://127.0.0.1:1", passed.origin)
    assert.equal("t0ken", passed.authorization)
    assert.equal("lua-momento/" .. momento._VERSION, passed.user_agent)
    assert.equal(10, passed.connect_timeout)
    assert.is_true(passed.max_body > 1048576)
    assert.is_nil(passed.ca_file)
  end)

  it("passes on what was given instead", function()
    local _, _, passed = make(nil, { connect_timeout = 3, ca_file = "/x", max_body = 5 })
    assert.equal(3, passed.connect_timeout)
    assert.equal("/x", passed.ca_file)
    assert.equal(5, passed.max_body)
    local client, transport = make({ DONE, { after = 1e9 } }, { timeout = 2, poll_timeout = 70 })
    assert(client:publish("c", "t", "v"))
    assert.equal(2, transport.requests[1].timeout)
    local subscription = assert(client:subscribe("c", "t"))
    assert.equal("TIMEOUT_ERROR", (select(3, subscription:receive(100))))
    assert.equal(70, transport.requests[3].at - transport.requests[2].at)
  end)

  it("returns what is wrong with credentials", function()
    local client, message, code = momento.client { api_key = "eyJ", endpoint = "us-east-1" }
    assert.is_nil(client)
    assert.is_string(message)
    assert.equal("INVALID_ARGUMENT_ERROR", code)
  end)

  local raising = {
    { "options that are no table", 7, "options must be a table" },
    { "an unknown option", { api_keys = "k" }, "did you mean api_key?" },
    { "a key that is no string", { api_key = 7 }, "option api_key must be a string" },
    { "a loop that is none", { loop = "cqueues" }, "option loop must be" },
    { "a table that is no loop", { loop = {} }, "option loop must be" },
    { "no time", { timeout = 0 }, "option timeout must be" },
    { "a logger that is none", { logger = true }, "option logger must be a function" },
  }
  for _, row in ipairs(raising) do
    it("raises for " .. row[1], function()
      local fine, message = pcall(function()
        momento.client(row[2])
      end)
      assert.is_false(fine)
      assert.matches(row[3], message, 1, true)
      assert.matches("client_spec.lua:%d+:", message)
    end)
  end

  it("does not show the token", function()
    local client = make()
    assert.is_nil(tostring(client):find("t0ken", 1, true))
  end)
end)

describe("client:publish", function()
  it("sends text and bytes, each as what it is", function()
    local client, transport = make()
    assert.is_true(client:publish("my cache", "a/b", "héllo"))
    assert.is_true(client:publish("c", "t", "\0\255", { binary = true }))
    assert.is_true(client:publish("c", "t", "", { timeout = 1.5 }))
    local first, second, third = transport.requests[1], transport.requests[2],
      transport.requests[3]
    assert.equal("/topics/my%20cache/a%2Fb", first.target)
    assert.equal("héllo", first.body)
    assert.matches("^text/plain", first.content_type)
    assert.equal(5, first.timeout)
    assert.equal("\0\255", second.body)
    assert.equal("application/octet-stream", second.content_type)
    assert.equal("", third.body)
    assert.equal(1.5, third.timeout)
    assert.equal(3, client:stats().published)
  end)

  it("sends JSON", function()
    local client, transport = make()
    assert.is_true(client:publish_json("c", "t", { a = { 1, true } }))
    assert.equal('{"a":[1,true]}', transport.requests[1].body)
    assert.matches("^text/plain", transport.requests[1].content_type)
    local fine, message, code = client:publish_json("c", "t", print)
    assert.is_nil(fine)
    assert.matches("cannot be JSON", message)
    assert.equal("INVALID_ARGUMENT_ERROR", code)
    assert.equal(1, #transport.requests)
  end)

  local long = ("n"):rep(10240)
  local returned = {
    { "an empty cache name", { "", "t", "v" }, "cache name is empty" },
    { "an empty topic name", { "c", "", "v" }, "topic name is empty" },
    { "a control byte in a name", { "c", "a\nb", "v" }, "topic name has a control byte" },
    { "a NUL in a name", { "c\0", "t", "v" }, "cache name has a control byte" },
    { "DEL in a name", { "c\127", "t", "v" }, "cache name has a control byte" },
    { "text that is not UTF-8", { "c", "t", "a\255" }, "pass { binary = true }" },
  }
  for _, row in ipairs(returned) do
    it("returns an error for " .. row[1], function()
      local client, transport = make()
      local fine, message, code, detail = client:publish((table.unpack or unpack)(row[2]))
      assert.is_nil(fine)
      assert.matches(row[3], message, 1, true)
      assert.equal("INVALID_ARGUMENT_ERROR", code)
      assert.is_false(detail.retryable)
      assert.equal(0, #transport.requests)
      assert.is_true(client:publish("c", "t", "v"))
      if row[2][3] == "v" then
        local made, text, kind = client:subscribe(row[2][1], row[2][2])
        assert.is_nil(made)
        assert.matches(row[3], text, 1, true)
        assert.equal("INVALID_ARGUMENT_ERROR", kind)
      end
    end)
  end

  local accepted = {
    { "long names", long, "/topics/" .. long .. "/" .. long },
    { "slashes", "a/b", "/topics/a%2Fb/a%2Fb" },
    { "percent signs", "%2F", "/topics/%252F/%252F" },
    { "spaces and pluses", " +", "/topics/%20%2B/%20%2B" },
    { "emoji", "\240\159\152\128", "/topics/%F0%9F%98%80/%F0%9F%98%80" },
    { "question and hash", "?#", "/topics/%3F%23/%3F%23" },
  }
  for _, row in ipairs(accepted) do
    it("takes names with " .. row[1], function()
      local client, transport = make()
      assert.is_true(client:publish(row[2], row[2], "v"))
      assert.equal(row[3], transport.requests[1].target)
    end)
  end

  local raising = {
    { "no names", {}, "publish: cache name must be a string, got nil" },
    { "a number for a cache", { 1, "t", "v" }, "cache name must be a string, got number" },
    { "no topic", { "c", nil, "v" }, "topic name must be a string, got nil" },
    { "no value", { "c", "t" }, "value must be a string, got nil" },
    { "a number for a value", { "c", "t", 7 }, "value must be a string, got number" },
    { "a table for a value", { "c", "t", {} }, "got table; see publish_json" },
    { "an unknown option", { "c", "t", "v", { bynary = true } }, "did you mean binary?" },
    { "an option of the wrong type", { "c", "t", "v", { binary = 1 } },
      "option binary must be a boolean" },
    { "options that are no table", { "c", "t", "v", true }, "options must be a table" },
    { "a timeout of 0", { "c", "t", "v", { timeout = 0 } }, "option timeout must be" },
    { "on_result without a loop for it", { "c", "t", "v", { on_result = print } },
      'loop = "update"' },
  }
  for _, row in ipairs(raising) do
    it("raises for " .. row[1], function()
      local client, transport = make()
      local fine, message = pcall(function()
        client:publish((table.unpack or unpack)(row[2], 1, 4))
      end)
      assert.is_false(fine)
      assert.matches(row[3], message, 1, true)
      assert.matches("client_spec.lua:%d+:", message)
      assert.equal(0, #transport.requests)
      assert.is_true(client:publish("c", "t", "v"))
    end)
  end

  local statuses = {
    { 200, "UNKNOWN_SERVICE_ERROR" }, { 301, "UNKNOWN_SERVICE_ERROR" },
    { 400, "BAD_REQUEST_ERROR" }, { 401, "AUTHENTICATION_ERROR" }, { 403, "PERMISSION_ERROR" },
    { 404, "NOT_FOUND_ERROR" }, { 408, "TIMEOUT_ERROR" }, { 429, "LIMIT_EXCEEDED_ERROR" },
    { 500, "INTERNAL_SERVER_ERROR" }, { 502, "SERVER_UNAVAILABLE" }, { 503, "SERVER_UNAVAILABLE" },
    { 504, "SERVER_UNAVAILABLE" }, { 418, "UNKNOWN_SERVICE_ERROR" },
  }
  for _, row in ipairs(statuses) do
    it(("returns %d as %s, and sends it once"):format(row[1], row[2]), function()
      local client, transport = make { { status = row[1], body = '{"detail":"why"}',
        retry_after = 3 } }
      local fine, message, code, detail = client:publish("c", "t", "v")
      assert.is_nil(fine)
      assert.matches("why", message)
      assert.equal(row[2], code)
      assert.equal(row[1], detail.status)
      assert.equal(3, detail.retry_after)
      assert.equal(1, #transport.requests)
      assert.equal(1, client:stats().publish_failures)
    end)
  end

  for name, answer in pairs { ["a cut connection"] = CUT, ["a timeout"] = TOO_LATE,
    ["a bad certificate"] = BAD_CERTIFICATE } do
    it("is never sent again after " .. name, function()
      local client, transport = make { answer, DONE }
      local fine, message, code = client:publish("c", "t", "v")
      assert.is_nil(fine)
      assert.equal(answer.error[1], message)
      assert.equal(answer.error[2], code)
      assert.equal(1, #transport.requests)
    end)
  end

  it("is sent again while no byte of it can have reached a server", function()
    local client, transport = make { REFUSED, REFUSED, DONE }
    assert.is_true(client:publish("c", "t", "v"))
    assert.equal(3, #transport.requests)
    assert.equal(2, #transport.sleeps)
    assert.is_true(transport.requests[3].timeout <= 5)
    assert.equal(2, client:stats().publish_retries)
  end)

  it("gives up after some attempts", function()
    local client, transport = make { REFUSED }
    local fine, message, code = client:publish("c", "t", "v")
    assert.is_nil(fine)
    assert.equal("refused", message)
    assert.equal("CONNECTION_ERROR", code)
    assert.equal(4, #transport.requests)
  end)

  it("is not sent again when its time is over, and stops when the answer changes", function()
    local slow = { after = 4.9999, error = REFUSED.error }
    local client, transport = make { slow, REFUSED, REFUSED }
    assert.is_nil((client:publish("c", "t", "v")))
    assert.is_true(transport.clock <= 1005)
    client, transport = make { REFUSED, CUT, DONE }
    assert.equal("cut", (select(2, client:publish("c", "t", "v"))))
    assert.equal(2, #transport.requests)
  end)
end)

describe("a method that is called with a dot", function()
  local client = make { { after = 1e9 } }
  local subscription = assert(client:subscribe("c", "t"))
  local calls = {
    publish = function() client.publish("c", "t", "v") end,
    publish_json = function() client.publish_json("c", "t", {}) end,
    subscribe = function() client.subscribe("c", "t", {}) end,
    vend_token = function() client.vend_token { expires_in = 5 } end,
    stats = function() client.stats() end,
    step = function() client.step(0) end,
    update = function() client.update() end,
    close = function() client.close() end,
    receive = function() subscription.receive(5) end,
    events = function() subscription.events() end,
    position = function() subscription.position() end,
  }
  for name, call in pairs(calls) do
    it(("says so at its caller's line: %s"):format(name), function()
      local fine, message = pcall(call)
      assert.is_false(fine)
      assert.matches(("^[^:]*client_spec.lua:%%d+: %s: momento%%."):format(name), message)
      local advice = ("call methods with a colon, as object:%s(...)"):format(name)
      assert.matches(advice, message, 1, true)
    end)
  end
end)

describe("client:subscribe", function()
  local raising = {
    { "no names", {}, "subscribe: cache name must be a string, got nil" },
    { "no topic", { "c" }, "topic name must be a string, got nil" },
    { "an unknown option", { "c", "t", { onmessage = print } }, "did you mean on_message?" },
    { "a position without a number", { "c", "t", { resume = { sequence = 1 } } },
      "no sequence_number" },
    { "a callback that is none", { "c", "t", { on_discontinuity = 1 } }, "must be a function" },
    { "a position that is none", { "c", "t", { resume = 5 } }, "option resume must be a table" },
    { "on_message without a loop for it", { "c", "t", { on_message = print } },
      'loop = "update"' },
  }
  for _, row in ipairs(raising) do
    it("raises for " .. row[1], function()
      local client, transport = make()
      local fine, message = pcall(function()
        client:subscribe((table.unpack or unpack)(row[2], 1, 3))
      end)
      assert.is_false(fine)
      assert.matches(row[3], message, 1, true)
      assert.matches("client_spec.lua:%d+:", message)
      assert.equal(0, #transport.requests)
    end)
  end

  it("takes a message as the position to resume after", function()
    local client, transport = make { { after = 1e9 } }
    local _ = assert(client:subscribe("c", "t",
      { resume = { sequence_number = 4, sequence_page = 9, value = "v" } }))
    assert.equal("/topics/c/t?sequence_number=5&sequence_page=9", transport.requests[1].target)
  end)
end)

describe("a message", function()
  local function message_of(json)
    local client = make { { status = 200, body = '{"items":[{"item":{"topic_sequence_number":1,'
      .. '"sequence_page":2,"value":{"text":' .. json .. "}}}]}" } }
    return assert(client:subscribe("c", "t"):receive())
  end

  it("decodes JSON", function()
    assert.same({ a = { 1, "x" } }, message_of([["{\"a\":[1,\"x\"]}"]]):json())
    assert.equal(7, message_of([["7"]]):json())
  end)

  it("returns an error when it is none", function()
    local value, text, code = message_of([["{"]]):json()
    assert.is_nil(value)
    assert.matches("not JSON", text)
    assert.equal("INVALID_ARGUMENT_ERROR", code)
  end)
end)

describe("client:close", function()
  it("closes subscriptions and the transport, and everything says so afterwards", function()
    local client, transport = make { { after = 1e9 } }
    local subscription = assert(client:subscribe("c", "t"))
    client:close()
    client:close()
    assert.is_true(transport.closed)
    assert.equal(0, transport:pending())
    assert.equal("CANCELLED_ERROR", (select(3, subscription:receive(1))))
    for _, call in ipairs {
      function() return client:publish("c", "t", "v") end,
      function() return client:publish_json("c", "t", {}) end,
      function() return client:subscribe("c", "t") end,
      function() return client:pollfd() end,
      function() return client:events() end,
      function() return client:timeout() end,
      function() return client:step(0) end,
      function() return client:update(0) end,
    } do
      local result, message, code = call()
      assert.is_nil(result)
      assert.equal("the client is closed", message)
      assert.equal("CANCELLED_ERROR", code)
    end
    assert.equal(0, client:stats().pending)
    assert.matches("closed", tostring(client))
  end)

  it("happens when it is collected, but not under a subscription", function()
    local transport
    local held = {}
    do
      local client
      client, transport = make { { after = 1e9 } }
      held.subscription = assert(client:subscribe("c", "t"))
    end
    collectgarbage()
    collectgarbage()
    assert.is_nil(transport.closed)
    assert.is_userdata(held.subscription)
    held.subscription = nil
    collectgarbage()
    collectgarbage()
    assert.is_true(transport.closed)
  end)
end)
