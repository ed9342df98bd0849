-- Uses everything once, good and bad, and leaves some of it unclosed: what `make asan` and
-- `make valgrind` run, so that every line of the C modules is seen by them. Not a specification; it
-- only checks that it got where it should. Needs a topicsd, told by MOMENTO_ENDPOINT and
-- MOMENTO_API_KEY, with the cache "my-cache".

local core = require "momento.core"
local curl = require "momento.curl"
local momento = require "momento"
local envelope = require "spec.support.envelope"

local MAX = "18446744073709551615"
local ALL_BYTES = {}
for byte = 0, 255 do ALL_BYTES[#ALL_BYTES + 1] = string.char(byte) end
ALL_BYTES = table.concat(ALL_BYTES)

-- Each function with arguments of every type, in every place.
local function misuse(functions)
  local odd = { false, 0, -1.5, "", "x\0y", {}, print, io.stdout, coroutine.create(function() end) }
  for name, f in pairs(functions) do
    if type(f) == "function" and name ~= "wait" then -- wait() would, for ever
      pcall(f)
      for i = 1, #odd do
        pcall(f, odd[i])
        pcall(f, odd[i], odd[#odd - i + 1], odd[i])
      end
    end
  end
end

local function the_core()
  misuse(core)
  misuse(core.client_methods)
  misuse(core.subscription_methods)
  for length = 0, 3000, 271 do
    local bytes = ALL_BYTES:rep(12):sub(1, length)
    assert(core.base64_decode(core.base64_encode(bytes)) == bytes)
    core.base64_decode(bytes)
    core.escape(bytes)
    core.text_valid(bytes)
    core.json_object(bytes)
  end
  assert(core.json_object('{"a":"\\n","b":[{}],"c":1.5e-3}').a == "\n")
  local client = assert(core.client("http://127.0.0.1:1", ("t"):rep(1000)))
  tostring(client)
  client:publish_target(ALL_BYTES:sub(33, 126), ("n"):rep(10000))
  client:publish_target("", "\0")
  for _, position in ipairs { { 1, 2 }, { MAX, MAX }, { -1, 0 }, { "x", "1" }, { 0.5, {} } } do
    pcall(core.subscription, client, "c", "t", position[1], position[2])
  end
  return client
end

local function the_reader(client)
  local body = envelope.body(
    envelope.text(1, 5, "plain"), envelope.text(2, 5, 'with "escapes" \240\159\152\128\n'),
    envelope.message(3, 5, '{"binary":"' .. core.base64_encode(ALL_BYTES) .. '"}',
      ',"publisher_id":"\\u0061"'),
    envelope.message(4, 5, '{"binary":[0,255]}', ',"unknown":[{"a":null}]'),
    envelope.text(7, 5, ("\t"):rep(9000)), envelope.discontinuity(7, 9, 6),
    envelope.text(MAX, MAX, ""), envelope.text(1, 5, "old"))
  for length = 0, #body, math.max(1, math.floor(#body / 400)) do
    local subscription = assert(core.subscription(client, "c", "t"))
    subscription:feed(body:sub(1, length))
    while subscription:next() do subscription:position() end
    subscription:take_counts()
    subscription:poll_target()
    tostring(subscription)
    if length % 2 == 0 then subscription:close() end
  end
  for i = 1, #body, 3 do
    local subscription = core.subscription(client, "c", "t")
    subscription:feed(body:sub(1, i) .. string.char(i % 256) .. body:sub(i + 2))
    while subscription:next() do collectgarbage("step", 1) end
  end
end

local function loading_twice()
  for _, name in ipairs { "momento.core", "momento.curl" } do
    local first = package.loaded[name]
    package.loaded[name] = nil
    require(name)
    package.loaded[name] = first
  end
end

local function the_mux()
  misuse(curl)
  local mux = curl.mux { origin = "http://127.0.0.1:1", headers = {}, connect_timeout = 1 }
  local methods = getmetatable(mux)
  if type(methods) == "table" and type(methods.__index) == "table" then misuse(methods.__index) end
  tostring(mux)
  local ticket = assert(mux:submit("poll", "/topics/c/t", nil, nil, 1))
  mux:submit("publish", "/topics/c/t", ALL_BYTES, "application/octet-stream", 1)
  mux:cancel(ticket)
  mux:cancel(ticket)
  while mux:pending() > 0 do
    mux:step(1)
    while mux:collect() do end
  end
  mux:close()
  mux:close()
  curl.mux { origin = "http://127.0.0.1:1", headers = {}, connect_timeout = 1 }
    :submit("poll", "/", nil, nil, 10) -- left to the collector, under way
end

local function publish_and_receive(client)
  local subscription = assert(client:subscribe("my-cache", "everything"))
  local values = { "text", "", 'quotes "\\" \240\159\152\128', ("x"):rep(4096) }
  for _, value in ipairs(values) do assert(client:publish("my-cache", "everything", value)) end
  assert(client:publish("my-cache", "everything", ALL_BYTES, { binary = true }))
  assert(client:publish_json("my-cache", "everything", { a = { 1, 2, "\n" } }))
  for _, value in ipairs(values) do assert(assert(subscription:receive(30)).value == value) end
  assert(assert(subscription:receive(30)).value == ALL_BYTES)
  assert(assert(subscription:receive(30)):json().a[3] == "\n")
  assert(select(3, subscription:receive(0.01)) == "TIMEOUT_ERROR")
  local position = subscription:position()
  subscription:close()
  subscription:close()
  position.sequence_number = position.sequence_number - 2
  subscription = assert(client:subscribe("my-cache", "everything", { resume = position }))
  assert(subscription:events()().value == ALL_BYTES)
  for message in subscription do
    assert(message:json())
    subscription:close()
  end
  position.sequence_page = 1
  subscription = assert(client:subscribe("my-cache", "everything", { resume = position }))
  assert(assert(subscription:receive(30)).discontinuity)
  return subscription -- open
end

local function errors(client)
  local function code(_, message, name)
    assert(message and name)
    return name
  end
  assert(code(client:publish("no-such-cache", "t", "x")) == "NOT_FOUND_ERROR")
  assert(code(client:publish("my-cache", "t", "\255")) == "INVALID_ARGUMENT_ERROR")
  assert(code(client:publish("", "t", "x")) == "INVALID_ARGUMENT_ERROR")
  assert(code(client:publish("my-cache", "t", ("x"):rep(100000))) == "LIMIT_EXCEEDED_ERROR")
  assert(code(assert(client:subscribe("no-such-cache", "t")):receive(30)) == "NOT_FOUND_ERROR")
  local stranger = assert(momento.client { api_key = "wrong" })
  assert(code(stranger:publish("my-cache", "t", "x")) == "AUTHENTICATION_ERROR")
  local nobody = assert(momento.client {
    api_key = "k", endpoint = "http://127.0.0.1:1", connect_timeout = 1, timeout = 0.5,
  })
  assert(code(nobody:publish("c", "t", "x")))
  nobody:close()
  assert(code(nobody:publish("c", "t", "x")) == "CANCELLED_ERROR")
  pcall(momento.client, { unknown = 1 })
  momento.client { api_key = "eyJ" }
end

local function tasks(client)
  momento.run(function()
    local got = {}
    local readers = {}
    for i = 1, 5 do
      local subscription = assert(client:subscribe("my-cache", "task-" .. i))
      readers[i] = momento.spawn(function() got[i] = subscription:receive(30) end)
    end
    local idle = momento.spawn(function()
      assert(client:subscribe("my-cache", "idle")):receive()
    end)
    for i = 1, 5 do
      momento.spawn(function() assert(client:publish("my-cache", "task-" .. i, "x")) end)
    end
    for i = 1, 5 do
      while not readers[i].ended or not readers[i]:ended() do momento.sleep(0.01) end
      assert(got[i].value == "x")
    end
    idle:cancel()
  end)
end

local client = the_core()
the_reader(client)
the_mux()
loading_twice()
client:close()
client:close()

client = assert(momento.client { logger = function() end })
local left_open = publish_and_receive(client)
errors(client)
-- PUC 5.1 cannot yield where a task needs to in an iterator; receive is fine everywhere.
tasks(client)
client:stats()
client:step(0)
client:timeout()
assert(client:pollfd())

-- Abandoned with a poll under way: the collector closes it.
assert(assert(momento.client()):subscribe("my-cache", "abandoned"))
collectgarbage()
collectgarbage()
assert(tostring(left_open):find "everything")
print(_VERSION .. ": everything used")
