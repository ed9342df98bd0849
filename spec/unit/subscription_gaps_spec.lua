-- momento.subscription: discontinuities and malformed bodies, as the reader sees them (protocol
-- section 4).

local core = require "momento.core"
local envelope = require "spec.support.envelope"
local Subscription = require "momento.subscription"
local VirtualTransport = require "spec.support.virtual_transport"

local text, discontinuity = envelope.text, envelope.discontinuity

local function subscribe(bodies, options)
  local answers = {}
  for i, body in ipairs(bodies) do answers[i] = { status = 200, body = body } end
  answers[#answers + 1] = { after = 1e9, status = 200, body = "" }
  local transport = VirtualTransport.new(answers)
  local shared = {
    transport = transport, log = function() end, poll_timeout = 90, secret = "t",
    stats = { polls = 0, retries = 0, delivered = 0, duplicates = 0, discontinuities = 0,
      malformed = 0 },
  }
  local client = core.client("http://127.0.0.1:1", "t")
  return assert(Subscription.new(client, shared, "c", "t", options or {})), transport, shared
end

local function gap_text(gap)
  return gap and ("%s>%s@%s"):format(gap.last_sequence_number, gap.new_sequence_number,
    gap.new_sequence_page) or "-"
end

-- What a reader gets, in a line: value, or value[gap].
local function received(subscription)
  local list = {}
  while true do
    local message = subscription:receive(100)
    if not message then return table.concat(list, " ") end
    local gap = message.discontinuity
    list[#list + 1] = message.value .. (gap and "[" .. gap_text(gap) .. "]" or "")
  end
end

local function events(subscription, transport)
  local list = {}
  transport.during_wait = function()
    if #transport.requests == #transport.answers then subscription:close() end
  end
  for event in subscription:events() do
    list[#list + 1] = event.kind == "message" and event.value
      or event.kind .. "[" .. gap_text(event) .. "]"
  end
  return table.concat(list, " ")
end

local rows = {
  { "a gap that is announced",
    { envelope.body(text(1, 7, "a"), discontinuity(1, 5, 7), text(5, 7, "b"), text(6, 7, "c")) },
    "a b[1>5@7] c", "a discontinuity[1>5@7] b c" },
  { "a gap that is not",
    { envelope.body(text(1, 7, "a"), text(5, 7, "b"), text(6, 7, "c")) },
    "a b[1>5@7] c", "a discontinuity[1>5@7] b c" },
  { "a gap between two answers",
    { envelope.body(text(1, 7, "a")), envelope.body(text(3, 7, "b")) },
    "a b[1>3@7]", "a discontinuity[1>3@7] b" },
  { "a new page that is announced",
    { envelope.body(text(9, 7, "a")), envelope.body(discontinuity(9, 1, 8), text(1, 8, "b")) },
    "a b[9>1@8]", "a discontinuity[9>1@8] b" },
  { "a new page that is not",
    { envelope.body(text(9, 7, "a")), envelope.body(text(1, 8, "b")) },
    "a b[9>1@8]", "a discontinuity[9>1@8] b" },
  { "a discontinuity alone, its message in the next answer",
    { envelope.body(text(9, 7, "a"), discontinuity(9, 1, 8)), envelope.body(text(1, 8, "b")) },
    "a b[9>1@8]", "a discontinuity[9>1@8] b" },
  { "two gaps before a message: the last is what came before it",
    { envelope.body(text(1, 7, "a"), discontinuity(1, 5, 7), discontinuity(5, 1, 8),
      text(1, 8, "b")) },
    "a b[5>1@8]", "a discontinuity[1>5@7] discontinuity[5>1@8] b" },
  { "no gap at the beginning, whatever the first number is",
    { envelope.body(text(42, 7, "a")) }, "a", "a" },
  { "numbers from 0", { envelope.body(text(0, 7, "a"), text(1, 7, "b")) }, "a b", "a b" },
}

describe("momento.subscription", function()
  for _, row in ipairs(rows) do
    it("tells " .. row[1], function()
      assert.equal(row[3], received((subscribe(row[2]))))
      assert.equal(row[4], events(subscribe(row[2])))
    end)
  end

  it("calls on_discontinuity before the message is handed out, once", function()
    local order = {}
    local subscription = subscribe({ rows[1][2][1] },
      { on_discontinuity = function(gap) order[#order + 1] = gap_text(gap) end })
    for _ = 1, 3 do table.insert(order, subscription:receive(100).value) end
    assert.equal("a 1>5@7 b c", table.concat(order, " "))
  end)

  it("stands before the message when a discontinuity was the last event", function()
    local subscription = subscribe { envelope.body(text(1, 7, "a"), text(5, 7, "b")) }
    local next_event = subscription:events()
    assert.equal("a", next_event().value)
    assert.equal("discontinuity", next_event().kind)
    assert.same({ sequence_number = 4, sequence_page = 7 }, subscription:position())
    assert.equal("b", subscription:receive(1).value)
    assert.same({ sequence_number = 5, sequence_page = 7 }, subscription:position())
  end)

  it("expects the new number after a discontinuity", function()
    local subscription, transport =
      subscribe { envelope.body(text(9, 7, "a"), discontinuity(9, 3, 8)) }
    assert.equal("a", received(subscription))
    assert.equal("/topics/c/t?sequence_number=3&sequence_page=8", transport.requests[2].target)
  end)

  it("goes on from where a server without news says the topic stands, without telling", function()
    local subscription, transport, shared = subscribe { envelope.body(discontinuity(6, 7, 8)) }
    assert.equal("", received(subscription))
    assert.equal("/topics/c/t?sequence_number=7&sequence_page=8", transport.requests[2].target)
    assert.equal(0, shared.stats.discontinuities)
  end)

  local whole = envelope.body(text(4, 7, "d"), text(5, 7, "e"), text(6, 7, "f"))
  local faults = {
    { "breaks off in the third message", whole:sub(1, #whole - 10), "d e", 6 },
    { "breaks off in the first message", whole:sub(1, 30), "", 4 },
    { "breaks off after a message", whole:sub(1, (whole:find("},{", 1, true))), "d", 5 },
    { "has a number that is none",
      envelope.body(text(4, 7, "d"), text("5.5", 7, "e"), text(6, 7, "f")), "d", 5 },
    { "is no JSON", "<html>", "", 4 },
    { "is empty", "", "", 4 },
    { "is JSON of another shape", "[1]", "", 4 },
  }
  for _, row in ipairs(faults) do
    it("delivers what was whole when a body " .. row[1] .. ", and resumes after it", function()
      local again = {}
      for number = row[4], 6 do
        again[#again + 1] = text(number, 7, string.char(96 + number))
      end
      local subscription, transport, shared = subscribe {
        envelope.body(text(3, 7, "c")), row[2], envelope.body((table.unpack or unpack)(again)),
      }
      local order = {}
      for i = 1, 4 do order[i] = assert(subscription:receive(100)).value end
      assert.equal("c d e f", table.concat(order, " "))
      assert.equal(("/topics/c/t?sequence_number=%d&sequence_page=7"):format(row[4]),
        transport.requests[3].target)
      assert.equal(row[3] == "" and 1 or 0, #transport.sleeps)
      subscription:close()
      assert.equal(1, shared.stats.malformed)
      assert.equal(0, shared.stats.duplicates)
      assert.equal(0, shared.stats.discontinuities)
    end)
  end
end)
