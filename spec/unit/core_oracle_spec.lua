-- The reader against an oracle: lua-cjson reads the same random documents. Whatever both accept
-- they must read alike. Documents come from a generator of our own with fixed seeds, so that a
-- failure can be had again under any Lua.

local cjson = require "cjson"
local core = require "momento.core"

local DOCUMENTS, MUTANTS = 400, 1500

-- Park and Miller's generator: its products stay exact in floats of every Lua.
local function generator(seed)
  local state = seed
  return function(low, high)
    state = state * 16807 % 2147483647
    return low + state % (high - low + 1)
  end
end

local PIECES = {
  "a", "hello", " ", '\\"', "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0041", "\\u0000",
  "\\u00e9", "\\uD83D\\uDE00", "\195\169", "\226\130\172", "\240\159\152\128", "\127", "{",
  "]", ",", "/", "'", "plain text that is longer than a word of the scanner",
}

local function random_string(random)
  local pieces = {}
  for i = 1, random(0, 6) do pieces[i] = PIECES[random(1, #PIECES)] end
  return '"' .. table.concat(pieces) .. '"'
end

local function space(random)
  return random(1, 4) > 1 and "" or (" "):rep(random(1, 9)) .. ("\n\t\r"):sub(1, random(0, 3))
end

local function join(random, open, parts, close)
  local spaced = {}
  for i, part in ipairs(parts) do spaced[i] = space(random) .. part .. space(random) end
  return open .. space(random) .. table.concat(spaced, ",") .. close
end

local function member(random, key, value)
  return key .. space(random) .. ":" .. space(random) .. value
end

-- Members in any order.
local function object(random, members)
  for i = #members, 2, -1 do
    local j = random(1, i)
    members[i], members[j] = members[j], members[i]
  end
  return join(random, "{", members, "}")
end

local function random_value(random, depth)
  local kind = random(1, depth > 3 and 5 or 7)
  if kind == 1 then return random_string(random) end
  if kind == 2 then return ({ "0", "-1", "1.5e3", "-0.25", "1E-2", "123456789" })[random(1, 6)] end
  if kind < 6 then return ({ "true", "false", "null" })[kind - 2] end
  local parts = {}
  for i = 1, random(0, 3) do
    parts[i] = random_value(random, depth + 1)
    if kind == 7 then parts[i] = member(random, '"k' .. i .. '"', parts[i]) end
  end
  return kind == 6 and join(random, "[", parts, "]") or join(random, "{", parts, "}")
end

local function unknown(random, members)
  if random(1, 3) == 1 then
    members[#members + 1] = member(random, '"unknown"', random_value(random, 0))
  end
  return members
end

local function random_binary(random)
  local bytes = {}
  for i = 1, random(0, 20) do bytes[i] = random(0, 255) end
  if random(1, 2) == 1 then return join(random, "[", bytes, "]") end
  local encoded = {}
  for i, byte in ipairs(bytes) do encoded[i] = string.char(byte) end
  return '"' .. core.base64_encode(table.concat(encoded)) .. '"'
end

-- The element and the number that the next one has.
local function random_element(random, number)
  if random(1, 8) == 1 then
    return number, member(random, '"discontinuity"', object(random, unknown(random, {
      member(random, '"last_topic_sequence"', number - 1),
      member(random, '"new_topic_sequence"', number),
      member(random, '"new_sequence_page"', 7),
    })))
  end
  local value = random(1, 2) == 1 and member(random, '"text"', random_string(random))
    or member(random, '"binary"', random_binary(random))
  local members = {
    member(random, '"topic_sequence_number"', number), member(random, '"sequence_page"', 7),
    member(random, '"value"', object(random, unknown(random, { value }))),
  }
  if random(1, 3) == 1 then
    members[4] = member(random, '"publisher_id"', random_string(random))
  end
  return number + 1, member(random, '"item"', object(random, unknown(random, members)))
end

local function random_document(random)
  local elements = {}
  local number = 1
  for i = 1, random(0, 6) do
    local element
    number, element = random_element(random, number)
    elements[i] = object(random, unknown(random, { element }))
  end
  local items = member(random, '"items"', join(random, "[", elements, "]"))
  return space(random) .. object(random, unknown(random, { items })) .. space(random)
end

-- One byte changed, dropped or repeated.
local function mutate(random, document)
  local at = random(1, #document)
  local choice = { random(0, 255), random(32, 126), document:byte(random(1, #document)) }
  local byte = string.char(choice[random(1, #choice)])
  local kind = random(1, 3)
  if kind == 1 then return document:sub(1, at - 1) .. byte .. document:sub(at + 1) end
  if kind == 2 then return document:sub(1, at - 1) .. document:sub(at + 1) end
  return document:sub(1, at) .. document:sub(at)
end

local function bytes_of(binary)
  if type(binary) == "string" then return core.base64_decode(binary) end
  local bytes = {}
  for i, byte in ipairs(binary) do bytes[i] = string.char(byte) end
  return table.concat(bytes)
end

-- What a reader must get of the oracle's tree: messages, in a line each; nil when the numbers are
-- not those of an undisturbed topic, since what is delivered then is another spec's matter.
local function expected(tree)
  local lines = {}
  local last = 0
  for _, element in ipairs(tree.items) do
    local item, gap = element.item, element.discontinuity
    local number = item and item.topic_sequence_number or gap and gap.new_topic_sequence
    if number then
      if number ~= last + 1 then return nil end
      if (item and item.sequence_page or gap.new_sequence_page) ~= 7 then return nil end
      if gap and gap.last_topic_sequence ~= number - 1 then return nil end
      if item then last = number end
    end
    if item then
      local text, publisher = item.value.text, item.publisher_id
      if publisher == cjson.null then publisher = nil end
      lines[#lines + 1] = ("%d %s %s %s"):format(number, text and "text" or "binary",
        text or bytes_of(item.value.binary), publisher or "-")
    end
  end
  return table.concat(lines, "\n")
end

-- The same of what the reader gives; nil when it refuses the document.
local client = core.client("http://127.0.0.1:1", "t")

local function read(document)
  local subscription = core.subscription(client, "c", "t", 0, 7)
  local lines = {}
  subscription:feed(document)
  while true do
    local kind, message = subscription:next()
    if kind == false then return nil end
    if kind == nil then return table.concat(lines, "\n") end
    if kind == "message" then
      lines[#lines + 1] = ("%d %s %s %s"):format(message.sequence_number, message.type,
        message.value, message.publisher_id or "-")
    end
  end
end

describe("the envelope reader and lua-cjson", function()
  it("read generated documents alike", function()
    for seed = 1, DOCUMENTS do
      local random = generator(seed * 7919)
      local document = random_document(random)
      local wanted = expected(cjson.decode(document))
      assert.is_string(wanted, "the generator makes an undisturbed topic: " .. document)
      assert.equal(wanted, read(document), document)
    end
  end)

  it("read whatever both accept of damaged documents alike", function()
    local both, neither = 0, 0
    for seed = 1, MUTANTS do
      local random = generator(seed * 104729)
      local document = mutate(random, random_document(random))
      local ok, wanted = pcall(function() return expected(cjson.decode(document)) end)
      local given = read(document)
      if ok and wanted and given then
        both = both + 1
        assert.equal(wanted, given, document)
      elseif not ok and not given then
        neither = neither + 1
      end
    end
    assert.is_true(both > MUTANTS / 10, both)
    assert.is_true(neither > MUTANTS / 10, neither)
  end)
end)
