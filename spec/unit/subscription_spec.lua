-- momento.subscription: what the subscribe loop does with each answer, and when (protocol sections
-- 4 and 5), over a transport whose time is made up.

local core = require "momento.core"
local envelope = require "spec.support.envelope"
local Subscription = require "momento.subscription"
local VirtualTransport = require "spec.support.virtual_transport"

local PAGE = 1700000000
local REFUSED = { "refused", "CONNECTION_ERROR",
  { transport = 7, retryable = true, unsent = true } }
local CUT = { "cut", "CONNECTION_ERROR", { transport = 56, retryable = true } }
local POLL_TIMEOUT = { "too long", "TIMEOUT_ERROR", { transport = 28, retryable = true } }
local BAD_CERTIFICATE = { "certificate", "CONNECTION_ERROR",
  { transport = 60, retryable = false, unsent = true } }
local TOO_LARGE = { "too large", "UNKNOWN_SERVICE_ERROR", { transport = 23, retryable = true } }

-- An answer with the messages of those numbers.
local function messages(...)
  local items = {}
  for i, number in ipairs { ... } do items[i] = envelope.text(number, PAGE, "m" .. number) end
  return { status = 200, body = envelope.body((table.unpack or unpack)(items)) }
end

local EMPTY = { status = 200, body = '{"items":[]}' }
local SILENT = { after = 1e9, status = 200, body = "" }

local function subscribe(answers, options)
  local transport = VirtualTransport.new(answers)
  local shared = {
    transport = transport,
    log = function() end,
    poll_timeout = 90,
    secret = "t0ken",
    stats = { polls = 0, retries = 0, delivered = 0, duplicates = 0, discontinuities = 0,
      malformed = 0 },
  }
  local client = core.client("http://127.0.0.1:1", "t0ken")
  local subscription = assert(Subscription.new(client, shared, "c", "t", options or {}))
  return subscription, transport, shared
end

local function values(subscription, count)
  local list = {}
  for i = 1, count do list[i] = assert(subscription:receive(600)).value end
  return table.concat(list, " ")
end

describe("momento.subscription", function()
  it("sends its first poll at once, from (0, 0)", function()
    local _, transport = subscribe { SILENT }
    assert.equal(1, #transport.requests)
    assert.equal("poll", transport.requests[1].kind)
    assert.equal("/topics/c/t?sequence_number=0&sequence_page=0", transport.requests[1].target)
  end)

  it("resumes after the position given", function()
    local _, transport = subscribe({ SILENT },
      { resume = { sequence_number = 7, sequence_page = PAGE } })
    assert.equal("/topics/c/t?sequence_number=8&sequence_page=" .. PAGE,
      transport.requests[1].target)
  end)

  it("refuses a position that is none", function()
    local client = core.client("http://127.0.0.1:1", "t")
    local made, message, code = Subscription.new(client, {}, "c", "t",
      { resume = { sequence_number = "x" } })
    assert.is_nil(made)
    assert.matches("sequence_number must be a whole number", message)
    assert.equal("INVALID_ARGUMENT_ERROR", code)
  end)

  it("hands out one by one, and asks again only when the body is used up", function()
    local subscription, transport = subscribe { messages(1, 2), messages(3), SILENT }
    assert.equal("m1 m2", values(subscription, 2))
    assert.equal(1, #transport.requests)
    assert.same({ sequence_number = 2, sequence_page = PAGE }, subscription:position())
    assert.equal("m3", values(subscription, 1))
    assert.equal("/topics/c/t?sequence_number=3&sequence_page=" .. PAGE,
      transport.requests[2].target)
  end)

  it("has no position before the first message", function()
    local subscription = subscribe { messages(1) }
    assert.is_nil(subscription:position())
    assert.equal("m1", values(subscription, 1))
    assert.equal(1, subscription:position().sequence_number)
  end)

  it("drops and counts duplicates", function()
    local subscription, _, shared = subscribe { messages(1, 2), messages(2, 1, 3), SILENT }
    assert.equal("m1 m2 m3", values(subscription, 3))
    subscription:close()
    assert.equal(1 + 1, shared.stats.duplicates)
    assert.equal(3, shared.stats.delivered)
  end)

  describe("timeouts", function()
    it("returns nil, timeout, TIMEOUT_ERROR, and keeps the poll", function()
      local subscription, transport = subscribe { { after = 10, status = 200,
        body = envelope.body(envelope.text(1, PAGE, "late")) }, SILENT }
      local message, text, code, detail = subscription:receive(4)
      assert.is_nil(message)
      assert.equal("timeout", text)
      assert.equal("TIMEOUT_ERROR", code)
      assert.is_true(detail.retryable)
      assert.equal(1004, transport.clock)
      assert.equal(1, transport:pending())
      assert.equal("late", assert(subscription:receive()).value)
      assert.equal(1, #transport.requests)
    end)

    it("is one deadline for all that happens meanwhile", function()
      local subscription, transport = subscribe { EMPTY, { after = 3, status = 502 }, SILENT }
      assert.is_nil((subscription:receive(5)))
      assert.is_true(math.abs(transport.clock - 1005) < 1e-6)
    end)

    it("does not wait for a timeout of 0, nor less", function()
      local subscription, transport = subscribe { SILENT }
      for _, timeout in ipairs { 0, -1, -math.huge } do
        assert.equal("TIMEOUT_ERROR", (select(3, subscription:receive(timeout))))
      end
      assert.equal(1000, transport.clock)
    end)

    it("hands out what is there, whatever the timeout", function()
      local subscription = subscribe { messages(1, 2) }
      assert.equal("m1", subscription:receive(0).value)
      assert.equal("m2", subscription:receive(-1).value)
    end)

    it("raises for what is no number of seconds", function()
      local subscription = subscribe { messages(1) }
      for _, timeout in ipairs { "1", {}, true, 0 / 0 } do
        local fine, message = pcall(subscription.receive, subscription, timeout)
        assert.is_false(fine)
        assert.matches("timeout must be a number of seconds", message)
      end
      assert.equal("m1", subscription:receive().value)
    end)
  end)

  describe("polling again from the same position", function()
    local over = {
      { "200 with no items", { after = 60, status = 200, body = EMPTY.body } },
      { "204", { after = 60, status = 204 } },
      { "408", { after = 60, status = 408 } },
      { "502", { after = 60, status = 502 } },
      { "503", { after = 60, status = 503 } },
      { "504", { after = 60, status = 504 } },
      { "a cut connection", { after = 60, error = CUT } },
      { "the transport's timeout", { after = 90, error = POLL_TIMEOUT } },
    }
    for _, row in ipairs(over) do
      it("at once after " .. row[1], function()
        local lost = 0
        local subscription, transport = subscribe({ messages(4), row[2], row[2], messages(5) },
          { on_connection_lost = function() lost = lost + 1 end })
        assert.equal("m4 m5", values(subscription, 2))
        for n = 2, 4 do
          assert.equal("/topics/c/t?sequence_number=5&sequence_page=" .. PAGE,
            transport.requests[n].target)
        end
        assert.same({}, transport.sleeps)
        assert.equal(0, lost)
      end)

      it("backing off after a quick " .. row[1], function()
        local quick = {}
        for name, value in pairs(row[2]) do quick[name] = value end
        quick.after = 0.5
        local subscription, transport = subscribe { messages(4), quick, quick, quick, messages(5) }
        assert.equal("m4 m5", values(subscription, 2))
        assert.equal(3, #transport.sleeps)
        for n, ceiling in ipairs { 0.1, 0.2, 0.4 } do
          assert.is_true(transport.sleeps[n] <= ceiling)
        end
      end)
    end

    it("when its own time has passed, and cancels the one that is late", function()
      local subscription, transport = subscribe { messages(4), SILENT, messages(5) }
      assert.equal("m4 m5", values(subscription, 2))
      assert.equal(90, transport:gap_after(2))
      assert.equal(transport.requests[2].target, transport.requests[3].target)
      assert.same({ 2 }, transport.cancelled)
    end)

    it("also for a reader who never waits long", function()
      local subscription, transport = subscribe { messages(4), SILENT, messages(5) }
      assert.equal("m4", values(subscription, 1))
      local got
      for _ = 1, 1000 do
        got = { subscription:receive(0.25) }
        if got[1] then break end
        assert.equal("TIMEOUT_ERROR", got[3])
      end
      assert.equal("m5", got[1].value)
      local waited = transport:gap_after(2)
      assert.is_true(waited >= 90 and waited < 92, "waited " .. waited)
    end)

    it("but not before what came while nobody was waiting has been read", function()
      local subscription, transport = subscribe { messages(4) }
      transport.clock = transport.clock + 1000
      assert.equal("m4", values(subscription, 1))
      assert.equal(1, #transport.requests)
    end)

    local slow_failures = {
      { "500", { after = 60, status = 500 } },
      { "429", { after = 60, status = 429 } },
      { "another 5xx", { after = 60, status = 501 } },
      { "a refused connection", { after = 60, error = REFUSED } },
      { "a body too large", { after = 60, error = TOO_LARGE } },
      { "a body that is no JSON", { after = 60, status = 200, body = "<html>" } },
      { "a request that cannot be sent", { refuse = REFUSED } },
    }
    for _, row in ipairs(slow_failures) do
      it("backing off after " .. row[1], function()
        local lost, restored = {}, 0
        local subscription, transport, shared = subscribe({ row[2], row[2], messages(5) }, {
          on_connection_lost = function(...) lost[#lost + 1] = { ... } end,
          on_connection_restored = function() restored = restored + 1 end,
        })
        assert.equal("m5", values(subscription, 1))
        assert.equal(2, #transport.sleeps)
        assert.equal(1, #lost)
        assert.is_string(lost[1][1])
        assert.is_string(lost[1][2])
        assert.is_true(lost[1][3].retryable)
        assert.equal(1, restored)
        assert.equal(2, shared.stats.retries)
      end)
    end
  end)

  it("obeys Retry-After, also after a poll that took long", function()
    for _, status in ipairs { 429, 503 } do
      local subscription, transport =
        subscribe { { after = 60, status = status, retry_after = 7 }, messages(1) }
      assert.equal("m1", values(subscription, 1))
      assert.is_true(math.abs(transport:gap_after(1) - 67) < 1e-6)
    end
  end)

  it("starts backing off anew after a success", function()
    local failed = { status = 500 }
    local subscription, transport = subscribe { failed, failed, failed, failed, failed, failed,
      messages(1), failed, messages(2) }
    assert.equal("m1 m2", values(subscription, 2))
    assert.equal(7, #transport.sleeps)
    assert.is_true(transport.sleeps[7] <= 0.1)
  end)

  it("comes back to a backoff that a timeout left", function()
    local subscription, transport = subscribe { { status = 429, retry_after = 10 }, messages(1) }
    assert.equal("TIMEOUT_ERROR", (select(3, subscription:receive(4))))
    assert.is_true(math.abs(Subscription.due(subscription) - 6) < 1e-6)
    assert.equal("m1", values(subscription, 1))
    assert.is_true(math.abs(transport:gap_after(1) - 10) < 1e-6)
  end)

  it("tells a loop when to look although nothing comes", function()
    local subscription, transport =
      subscribe { { after = 5, status = 200, body = messages(1, 2).body }, SILENT }
    assert.equal(90, Subscription.due(subscription)) -- when the poll is late
    transport.clock = transport.clock + 5
    assert.equal(0, Subscription.due(subscription)) -- the answer is there
    assert.equal("m1", values(subscription, 1))
    assert.equal(0, Subscription.due(subscription)) -- another message is
    assert.equal("m2", values(subscription, 1))
    assert.equal("TIMEOUT_ERROR", (select(3, subscription:receive(0))))
    assert.equal(90, Subscription.due(subscription))
    subscription:close()
    assert.is_nil(Subscription.due(subscription))
    assert.equal(0, Subscription.due((subscribe { { refuse = REFUSED } })))
  end)

  describe("final errors", function()
    local final = {
      { "400", { status = 400, body = '{"detail":"why"}' }, "BAD_REQUEST_ERROR", "why" },
      { "401", { status = 401 }, "AUTHENTICATION_ERROR", "401" },
      { "403", { status = 403 }, "PERMISSION_ERROR", "403" },
      { "404", { status = 404, body = "Cache not found" }, "NOT_FOUND_ERROR", "Cache not found" },
      { "another 4xx", { status = 418 }, "UNKNOWN_SERVICE_ERROR", "418" },
      { "an unexpected 2xx", { status = 206 }, "UNKNOWN_SERVICE_ERROR", "206" },
      { "3xx", { status = 301 }, "UNKNOWN_SERVICE_ERROR", "301" },
      { "a bad certificate", { error = BAD_CERTIFICATE }, "CONNECTION_ERROR", "certificate" },
    }
    for _, row in ipairs(final) do
      it("returns " .. row[1], function()
        local subscription, transport = subscribe { row[2], messages(1) }
        local message, text, code, detail = subscription:receive()
        assert.is_nil(message)
        assert.matches(row[4], text, 1, true)
        assert.equal(row[3], code)
        assert.is_false(detail.retryable)
        assert.equal(row[2].status, detail.status)
        assert.equal(1, #transport.requests)
        -- Whoever asks again is served, but cannot hammer the server.
        assert.equal("m1", values(subscription, 1))
        assert.equal(1, #transport.sleeps)
      end)
    end

    it("raises them from iterators", function()
      local subscription = subscribe { { status = 404, body = "Cache not found" } }
      local fine, message = pcall(function() for _ in subscription do error "never" end end)
      assert.is_false(fine)
      assert.matches("Cache not found.*NOT_FOUND_ERROR", message)
      fine, message = pcall(function() for _ in subscription:events() do error "never" end end)
      assert.is_false(fine)
      assert.matches("Cache not found.*NOT_FOUND_ERROR", message)
    end)
  end)

  describe("closing", function()
    it("cancels the poll, is idempotent, and ends iterators", function()
      local subscription, transport = subscribe { messages(1, 2, 3), SILENT }
      local seen = {}
      for message in subscription do
        seen[#seen + 1] = message.value
        if #seen == 2 then subscription:close() end
      end
      assert.same({ "m1", "m2" }, seen)
      subscription:close()
      local message, text, code = subscription:receive(1)
      assert.is_nil(message)
      assert.equal("the subscription is closed", text)
      assert.equal("CANCELLED_ERROR", code)
      assert.equal(1, #transport.requests)
      for _ in subscription:events() do error "never" end
    end)

    it("cancels a poll in flight", function()
      local subscription, transport = subscribe { SILENT }
      subscription:close()
      assert.equal(1, transport.cancelled[1])
      assert.equal(0, transport:pending())
    end)

    it("ends a receive that waits, for an answer or to ask again", function()
      for _, first in ipairs { SILENT, { status = 500 } } do
        local subscription, transport = subscribe { first, SILENT }
        transport.during_wait = function() subscription:close() end
        local message, _, code = subscription:receive()
        assert.is_nil(message)
        assert.equal("CANCELLED_ERROR", code)
        assert.equal(1, #transport.requests)
      end
    end)

    it("is possible in every callback", function()
      local gap = { status = 200, body = envelope.body(envelope.discontinuity(1, 5, PAGE),
        envelope.text(5, PAGE, "m5")) }
      for name, answers in pairs {
        on_connection_lost = { { status = 500 }, messages(1) },
        on_connection_restored = { { status = 500 }, messages(1) },
        on_discontinuity = { gap, messages(6) },
      } do
        local subscription
        subscription = subscribe(answers, { [name] = function() subscription:close() end })
        assert.equal("CANCELLED_ERROR", (select(3, subscription:receive(100))), name)
      end
    end)

    it("happens when it is collected", function()
      local transport = select(2, subscribe { SILENT })
      collectgarbage()
      collectgarbage()
      assert.equal(1, transport.cancelled[1])
    end)
  end)

  describe("a task that is cancelled while it waits", function()
    local UNWIND = { retryable = false, unwind = true }
    local CANCELLED = { error = { "the task was cancelled", "CANCELLED_ERROR", UNWIND } }

    it("takes the poll with it when there is a position to ask from again", function()
      local subscription, transport = subscribe { messages(4), CANCELLED, messages(5) }
      assert.equal("m4", values(subscription, 1))
      local fine, problem = pcall(subscription.receive, subscription)
      assert.is_false(fine)
      assert.equal(UNWIND, problem)
      assert.equal(2, transport.cancelled[1])
      assert.equal("m5", values(subscription, 1))
      assert.equal(transport.requests[2].target, transport.requests[3].target)
    end)

    it("takes the poll with it while it is being sent", function()
      local flush, cancelled = VirtualTransport.flush, nil
      VirtualTransport.flush = function(transport)
        cancelled = transport.cancelled
        return nil, CANCELLED.error[1], CANCELLED.error[2], UNWIND
      end
      local fine, problem = pcall(subscribe, { SILENT })
      VirtualTransport.flush = flush
      assert.is_false(fine)
      assert.equal(UNWIND, problem)
      assert.same({ 1 }, cancelled)
    end)

    it("leaves a first poll without one to who reads next, for nobody else knows", function()
      local subscription, transport = subscribe { SILENT }
      local wait = transport.wait
      transport.wait = function() return nil, CANCELLED.error[1], CANCELLED.error[2], UNWIND end
      assert.equal(UNWIND, (select(2, pcall(subscription.receive, subscription))))
      transport.wait = wait
      assert.equal(1, transport:pending())
      assert.equal("TIMEOUT_ERROR", (select(3, subscription:receive(1))))
      assert.equal(1, #transport.requests)
    end)
  end)

  it("lets an error in a callback out, and goes on after it", function()
    local subscription = subscribe({ { status = 500 }, messages(1) },
      { on_connection_lost = function() error "mine" end })
    local fine, message = pcall(subscription.receive, subscription)
    assert.is_false(fine)
    assert.matches("mine", message)
    assert.equal("m1", values(subscription, 1))
  end)

  it("never logs or tells the token", function()
    local answers = { { status = 500, body = "t0ken" }, { status = 403, body = "t0ken" } }
    local subscription, _, shared = subscribe(answers)
    local logged = {}
    shared.log = function(_, text) logged[#logged + 1] = text end
    local _, text, _, detail = subscription:receive()
    assert.is_true(#logged > 0)
    for _, told in ipairs { text, detail.body, tostring(subscription), table.concat(logged) } do
      assert.is_nil(told:find("t0ken", 1, true))
    end
  end)
end)
