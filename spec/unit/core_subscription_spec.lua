-- The subscription userdata: positions out, bodies in, elements one by one. What each position
-- means is specified with the cursor in C; here it is what a reader sees of it.

local core = require "momento.core"
local envelope = require "spec.support.envelope"

local unpack = table.unpack or unpack -- luacheck: ignore 143
local INTEGERS = math.type ~= nil
local client = core.client("http://127.0.0.1:1", "token")

local function subscribe(...)
  return assert(core.subscription(client, "cache", "topic", ...))
end

local function target(number, page)
  return ("/topics/cache/topic?sequence_number=%s&sequence_page=%s"):format(number, page)
end

-- Everything that next() gives until the body is used up: a list of { kind, value }.
local function drain(subscription)
  local all = {}
  for _ = 1, 10000 do
    local kind, value = subscription:next()
    if kind == nil then return all end
    all[#all + 1] = { kind, value }
    if kind == false then return all end
  end
  error "next() never ends"
end

local function read(body, ...)
  local subscription = subscribe(...)
  subscription:feed(body)
  return drain(subscription), subscription
end

-- The one message of a body that has nothing else.
local function only(body)
  local all = read(body)
  assert.equal(1, #all)
  assert.equal("message", all[1][1])
  return all[1][2]
end

describe("momento.core subscription", function()
  describe("starts", function()
    local MAX = "18446744073709551615"
    local rows = {
      { "with the next message", {}, 0, 0 },
      { "at the beginning of the current page", { 0, 0 }, 1, 0 },
      { "after a message", { 7, 1748358253 }, 8, 1748358253 },
      { "after a message of the current page", { 7 }, 8, 0 },
      { "at the beginning of a page", { nil, 5 }, 1, 5 },
      { "from decimal strings", { "7", "1748358253" }, 8, 1748358253 },
      { "beyond 2^53", { "9007199254740993", "9007199254740995" }, "9007199254740994",
        "9007199254740995" },
      { "at the end of 64 bits", { MAX, MAX }, MAX, MAX },
      { "from a whole float", { 2 ^ 53, 2 ^ 53 }, "9007199254740993", "9007199254740992" },
    }
    for _, row in ipairs(rows) do
      it(row[1], function()
        assert.equal(target(row[3], row[4]), subscribe(row[2][1], row[2][2]):poll_target())
      end)
    end

    for _, bad in ipairs { -1, 0.5, 2 ^ 53 * 2, 1 / 0, 0 / 0, "", "-1", "01", "1.0", "1e3", " 1",
      "0x1", "18446744073709551616", "1\0" } do
      it(("not at %q"):format(tostring(bad)), function()
        for index, name in ipairs { "sequence_number", "sequence_page" } do
          local subscription, message =
            core.subscription(client, "c", "t", index == 1 and bad or 1, index == 2 and bad or 1)
          assert.is_nil(subscription)
          assert.equal(name .. " must be a whole number from 0 to 18446744073709551615", message)
        end
      end)
    end
  end)

  describe("position", function()
    it("is nil before anything was delivered", function()
      assert.is_nil(subscribe():position())
    end)

    it("is what was resumed from, as numbers where they are exact", function()
      assert.same({ sequence_number = 7, sequence_page = 9 }, subscribe(7, "9"):position())
      local position = subscribe("9007199254740993", "18446744073709551615"):position()
      assert.equal(INTEGERS and 9007199254740993 or "9007199254740993", position.sequence_number)
      assert.equal("18446744073709551615", position.sequence_page)
      position = subscribe("9223372036854775807", "9223372036854775808"):position()
      assert.equal(INTEGERS and math.maxinteger or "9223372036854775807", position.sequence_number)
      assert.equal("9223372036854775808", position.sequence_page)
    end)

    it("can be resumed from", function()
      for _, number in ipairs { "1", "9007199254740993", "9223372036854775808" } do
        local position = subscribe(number, "5"):position()
        local again = subscribe(position.sequence_number, position.sequence_page)
        assert.equal(subscribe(number, "5"):poll_target(), again:poll_target())
      end
    end)

    it("is of the last message delivered, not of those in the body still", function()
      local subscription = subscribe()
      subscription:feed(envelope.body(envelope.text(1, 5, "a"), envelope.text(2, 5, "b")))
      assert.is_nil(subscription:position())
      subscription:next()
      assert.same({ sequence_number = 1, sequence_page = 5 }, subscription:position())
      assert.equal(target(2, 5), subscription:poll_target())
      subscription:next()
      assert.same({ sequence_number = 2, sequence_page = 5 }, subscription:position())
    end)
  end)

  describe("message", function()
    it("has its fields and no other", function()
      assert.same(
        { sequence_number = 104, sequence_page = 1748358253, value = "hello", type = "text" },
        only(envelope.body(envelope.text(104, 1748358253, "hello"))))
      assert.same({ sequence_number = 1, sequence_page = 2, value = "", type = "text",
        publisher_id = "ann" },
        only(envelope.body(envelope.message(1, 2, '{"text":""}', ',"publisher_id":"ann"'))))
    end)

    it("has integers where Lua has them", function()
      local message = only(envelope.body(envelope.text(104, 1748358253, "x")))
      if INTEGERS then assert.equal("integer", math.type(message.sequence_number)) end
      assert.equal("104", tostring(message.sequence_number))
    end)

    it("has a decimal string where a number would be rounded", function()
      local message = only(envelope.body(
        envelope.text("9007199254740993", "18446744073709551615", "x")))
      assert.equal(INTEGERS and 9007199254740993 or "9007199254740993", message.sequence_number)
      assert.equal("18446744073709551615", message.sequence_page)
    end)

    it("has the methods of message_meta", function()
      local methods = core.message_meta.__index
      function methods.probe(self) return self.value end
      finally(function() methods.probe = nil end)
      assert.equal("x", only(envelope.body(envelope.text(1, 2, "x"))):probe())
    end)

    local all_bytes = {}
    for byte = 0, 255 do all_bytes[#all_bytes + 1] = string.char(byte) end
    all_bytes = table.concat(all_bytes)
    local octets = all_bytes:gsub(".", function(byte) return byte:byte() .. "," end):sub(1, -2)
    local url_alphabet = core.base64_encode(all_bytes):gsub("[+/=]", { ["+"] = "-", ["/"] = "_",
      ["="] = "" })
    local ascii = all_bytes:sub(1, 128)
    local rows = {
      { "empty text", '{"text":""}', "text", "" },
      { "quotes and backslashes", [[{"text":"\"\\\/\""}]], "text", [["\/"]] },
      { "control characters", '{"text":"\\b\\f\\n\\r\\t\\u0000\\u001f"}', "text",
        "\b\f\n\r\t\0\31" },
      { "an emoji as it is", '{"text":"\240\159\152\128"}', "text", "\240\159\152\128" },
      { "an emoji escaped", '{"text":"\\ud83d\\uDE00"}', "text", "\240\159\152\128" },
      { "half a surrogate pair", '{"text":"a\\ud83d"}', "text", "a\239\191\189" },
      { "all of ASCII", '{"text":' .. envelope.quote(ascii) .. "}", "text", ascii },
      { "long plain text", '{"text":"' .. ("x"):rep(100000) .. '"}', "text", ("x"):rep(100000) },
      { "long escaped text", '{"text":"' .. ("\\n"):rep(20000) .. '"}', "text", ("\n"):rep(20000) },
      { "no bytes", '{"binary":""}', "binary", "" },
      { "no octets", '{"binary":[]}', "binary", "" },
      { "every byte in base64", '{"binary":"' .. core.base64_encode(all_bytes) .. '"}', "binary",
        all_bytes },
      { "every byte in the URL alphabet, unpadded", '{"binary":"' .. url_alphabet .. '"}', "binary",
        all_bytes },
      { "base64 with escapes", '{"binary":"\\u0041AEC\\/w=="}', "binary", "\0\1\2\255" },
      { "every byte as octets", '{"binary":[' .. octets .. "]}", "binary", all_bytes },
      { "long base64", '{"binary":"' .. core.base64_encode(all_bytes:rep(200)) .. '"}', "binary",
        all_bytes:rep(200) },
      { "long octets", '{"binary":[' .. (octets .. ","):rep(49) .. octets .. "]}", "binary",
        all_bytes:rep(50) },
    }
    for _, row in ipairs(rows) do
      it("carries " .. row[1], function()
        local message = only(envelope.body(envelope.message(1, 2, row[2])))
        assert.equal(row[3], message.type)
        assert.is_true(row[4] == message.value)
      end)
    end

    it("carries publisher ids of any kind, token_id as well", function()
      for _, row in ipairs {
        { ',"publisher_id":"a\\u00e9"', "a\195\169" }, { ',"token_id":"t"', "t" }, { "", nil },
        { ',"publisher_id":null', nil }, { ',"publisher_id":""', "" },
        { (',"publisher_id":"%s"'):format(("\\t"):rep(9000)), ("\t"):rep(9000) },
      } do
        assert.equal(row[2],
          only(envelope.body(envelope.message(1, 2, '{"text":"x"}', row[1]))).publisher_id)
      end
    end)
  end)

  describe("next", function()
    it("gives nothing without a body", function()
      local subscription = subscribe()
      assert.is_nil((subscription:next()))
      subscription:feed '{"items":[]}'
      assert.is_nil((subscription:next()))
      assert.is_nil((subscription:next()))
    end)

    it("gives discontinuities", function()
      local all, subscription = read(envelope.body(
        envelope.text(3, 5, "a"), envelope.discontinuity(3, "9", 6), envelope.text(9, 6, "b")))
      assert.equal(3, #all)
      assert.same({ "discontinuity",
        { last_sequence_number = 3, new_sequence_number = 9, new_sequence_page = 6 } }, all[2])
      assert.equal("b", all[3][2].value)
      assert.is_nil(all[3][2].discontinuity)
      assert.same({ 2, 0, 1, 0 }, { subscription:take_counts() })
    end)

    it("gives a discontinuity alone its place", function()
      local _, subscription = read(envelope.body(envelope.discontinuity(3, 9, 6)), 3, 5)
      assert.equal(target(9, 6), subscription:poll_target())
    end)

    it("is exact beyond what Lua can hold", function()
      local all = read(envelope.body(envelope.discontinuity("9007199254740993",
        "18446744073709551615", "18446744073709551614")), 1, 1)
      assert.same({ last_sequence_number = INTEGERS and 9007199254740993 or "9007199254740993",
        new_sequence_number = "18446744073709551615", new_sequence_page = "18446744073709551614" },
        all[1][2])
    end)

    it("gives a gap that has no element before the message after it", function()
      local all, subscription = read(envelope.body(
        envelope.text(3, 5, "a"), envelope.text(6, 5, "b"), envelope.text(1, 7, "c")))
      assert.same({
        { "message", { sequence_number = 3, sequence_page = 5, value = "a", type = "text" } },
        { "discontinuity",
          { last_sequence_number = 3, new_sequence_number = 6, new_sequence_page = 5 } },
        { "message", { sequence_number = 6, sequence_page = 5, value = "b", type = "text" } },
        { "discontinuity",
          { last_sequence_number = 6, new_sequence_number = 1, new_sequence_page = 7 } },
        { "message", { sequence_number = 1, sequence_page = 7, value = "c", type = "text" } },
      }, all)
      assert.same({ 3, 0, 2, 0 }, { subscription:take_counts() })
    end)

    it("has the position before the message after a gap, until that is taken", function()
      local subscription = subscribe(3, 5)
      subscription:feed(envelope.body(envelope.text(6, 5, "b")))
      assert.equal("discontinuity", (subscription:next()))
      assert.same({ sequence_number = 5, sequence_page = 5 }, subscription:position())
      assert.equal(target(6, 5), subscription:poll_target())
    end)

    it("is moved by a discontinuity it does not tell of", function()
      local all, subscription = read(envelope.body(envelope.discontinuity(8, 9, 6)))
      assert.same({}, all)
      assert.same({ 0, 0, 0, 0 }, { subscription:take_counts() })
      assert.equal(target(9, 6), subscription:poll_target())
      subscription:feed(envelope.body(envelope.discontinuity(8, 9, 6), "oops"))
      assert.is_false((subscription:next()))
      assert.equal(target(9, 6), subscription:poll_target())
    end)

    it("drops and counts what was delivered before", function()
      local body = envelope.body(envelope.text(3, 5, "a"), envelope.text(4, 5, "b"))
      local all, subscription = read(body)
      assert.equal(2, #all)
      subscription:feed(body)
      assert.same({}, drain(subscription))
      assert.same({ 2, 2, 0, 0 }, { subscription:take_counts() })
      subscription:feed(envelope.body(envelope.text(4, 5, "b"), envelope.text(5, 5, "c")))
      assert.equal("c", select(2, subscription:next()).value)
      assert.same({ 1, 1, 0, 0 }, { subscription:take_counts() })
    end)

    it("delivers what came before a fault, tells the fault once and resumes after it", function()
      local all, subscription = read('{"items":[' .. envelope.text(3, 5, "a") .. "," .. "oops")
      assert.equal("message", all[1][1])
      assert.same({ false, "malformed answer: what follows its first "
        .. #('{"items":[' .. envelope.text(3, 5, "a")) .. " bytes cannot be read" }, all[2])
      assert.is_nil((subscription:next()))
      assert.same({ 1, 0, 0, 1 }, { subscription:take_counts() })
      assert.equal(target(4, 5), subscription:poll_target())
      subscription:feed(envelope.body(envelope.text(4, 5, "b")))
      assert.equal("b", select(2, subscription:next()).value)
    end)

    it("takes a body in place of the one before", function()
      local subscription = subscribe()
      subscription:feed(envelope.body(envelope.text(1, 5, "a"), envelope.text(2, 5, "b")))
      subscription:next()
      subscription:feed(envelope.body(envelope.text(2, 5, "b again")))
      assert.equal("b again", select(2, subscription:next()).value)
      assert.is_nil((subscription:next()))
    end)

    local malformed = {
      "", " ", "null", "[]", "{", "{}", '{"items":', '{"items":{}}', '{"items":[}', '{"items":[]',
      '{"items":[]}x', '{"items":[{}', '{"items":[1]}', '{"items":[{"item":{}}]}', "<html></html>",
      '{"items":[{"item":{"topic_sequence_number":1.0,"sequence_page":1,"value":{"text":"x"}}}]}',
      '{"items":[{"item":{"topic_sequence_number":-1,"sequence_page":1,"value":{"text":"x"}}}]}',
      '{"items":[{"item":{"topic_sequence_number":01,"sequence_page":1,"value":{"text":"x"}}}]}',
      '{"items":[{"item":{"topic_sequence_number":"1","sequence_page":1,"value":{"text":"x"}}}]}',
      '{"items":[{"item":{"topic_sequence_number":18446744073709551616,"sequence_page":1,'
        .. '"value":{"text":"x"}}}]}',
      '{"items":[{"item":{"sequence_page":1,"value":{"text":"x"}}}]}',
      '{"items":[{"item":{"topic_sequence_number":1,"sequence_page":1,"value":{}}}]}',
      '{"items":[{"item":{"topic_sequence_number":1,"sequence_page":1,"value":{"text":5}}}]}',
      '{"items":[{"item":{"topic_sequence_number":1,"sequence_page":1,"value":{"text":"\255"}}}]}',
      '{"items":[{"item":{"topic_sequence_number":1,"sequence_page":1,"value":{"binary":"A"}}}]}',
      '{"items":[{"item":{"topic_sequence_number":1,"sequence_page":1,"value":{"binary":[256]}}}]}',
      '{"items":[{"x":' .. ("["):rep(1000) .. ("]"):rep(1000) .. "}]}",
      ("["):rep(100000), ('{"a":'):rep(100000),
    }
    for _, body in ipairs(malformed) do
      it(("refuses %.90s"):format(body), function()
        local all, subscription = read(body)
        assert.equal(1, #all)
        assert.is_false(all[1][1])
        assert.truthy(all[1][2]:find("^malformed answer: what follows its first %d+ bytes"))
        assert.same({ 0, 0, 0, 1 }, { subscription:take_counts() })
      end)
    end

    it("delivers what is whole of a body cut off anywhere, and nothing else", function()
      local elements = {
        envelope.text(1, 5, "plain"), envelope.text(2, 5, 'quotes "\\" and \240\159\152\128'),
        envelope.message(3, 5, '{"binary":"AAEC"}', ',"publisher_id":"p"'),
        envelope.message(4, 5, '{"binary":[0,255]}'), envelope.discontinuity(4, 9, 5),
        envelope.text(9, 5, "last"),
      }
      local body = envelope.body(unpack(elements))
      local whole = read(body)
      assert.equal(#elements, #whole)
      for length = 0, #body - 1 do
        local all = read(body:sub(1, length))
        local last = table.remove(all)
        assert.is_false(last[1])
        local ends, complete = #'{"items":[', 0
        for _, element in ipairs(elements) do
          ends = ends + #element
          if ends <= length then complete = complete + 1 end
          ends = ends + 1
        end
        assert.equal(complete, #all)
        for index, item in ipairs(all) do assert.same(whole[index], item) end
      end
    end)
  end)

  describe("close", function()
    it("drops the body, refuses another, and keeps the position", function()
      local subscription = subscribe()
      subscription:feed(envelope.body(envelope.text(1, 5, "a"), envelope.text(2, 5, "b")))
      subscription:next()
      subscription:close()
      subscription:close()
      assert.is_nil((subscription:next()))
      assert.same({ nil, "the subscription is closed" }, { subscription:feed "{}" })
      assert.same({ sequence_number = 1, sequence_page = 5 }, subscription:position())
      assert.same({ 1, 0, 0, 0 }, { subscription:take_counts() })
      assert.equal("momento.subscription (/topics/cache/topic, closed)", tostring(subscription))
      assert.is_table(core.state(subscription))
    end)
  end)
end)
