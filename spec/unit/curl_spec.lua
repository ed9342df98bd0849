-- momento.curl without a peer: what it takes, what it refuses, what a closed mux does. Nothing here
-- leaves the machine: port 1 of loopback has no listener.

local curl = require "momento.curl"
local wait = require "spec.support.wait"

local NOWHERE = "http://127.0.0.1:1"
local TOKEN = "secret-token-of-a-user"

local function open(options)
  local all = { origin = NOWHERE, headers = { "Authorization: " .. TOKEN } }
  for name, value in pairs(options or {}) do all[name] = value end
  return curl.mux(all)
end

local function collect(mux)
  return wait.wait_until(function()
    mux:step(1)
    local result = { mux:collect() }
    return result[1] and result
  end, 30, "a result")
end

local function message_of(call, ...)
  local ok, message = pcall(call, ...)
  assert.is_false(ok)
  return message
end

describe("curl.mux", function()
  local refused = {
    { "no table", nil, "table expected" },
    { "no origin", {}, "origin is missing" },
    { "an origin that is no string", { origin = 1 }, "origin must be a string" },
    { "an unknown option", { origin = NOWHERE, orgin = 1 }, "unknown option orgin" },
    { "an option without a name", { origin = NOWHERE, 1 }, "option names" },
    { "no URL", { origin = "://" }, "not a URL" },
    { "another scheme", { origin = "ftp://127.0.0.1" }, "https:// or http://" },
    { "a file", { origin = "file:///etc/passwd" }, "https:// or http://" },
    { "credentials in the origin", { origin = "http://a:b@127.0.0.1" }, "credentials" },
    { "a path in the origin", { origin = NOWHERE .. "/a" }, "host and port" },
    { "a query in the origin", { origin = NOWHERE .. "?a" }, "host and port" },
    { "a fragment in the origin", { origin = NOWHERE .. "#a" }, "host and port" },
    { "headers that are no table", { origin = NOWHERE, headers = "a" }, "headers must be a table" },
    { "a header that is no string", { origin = NOWHERE, headers = { 1 } }, "header 1 must be" },
    { "a header without colon", { origin = NOWHERE, headers = { "a: b", "c" } }, "header 2.*Name" },
    { "a header without a name", { origin = NOWHERE, headers = { ": b" } }, "header 1: .*Name" },
    { "no time to connect", { origin = NOWHERE, connect_timeout = 0 }, "must be above 0" },
    { "a time that is text", { origin = NOWHERE, connect_timeout = "1" }, "must be a number" },
    { "no room for a body", { origin = NOWHERE, max_body = -1 }, "max_body must be above" },
    { "a flag that is no boolean", { origin = NOWHERE, http2 = "no" }, "http2 must be a boolean" },
    { "a file that is no name", { origin = NOWHERE, ca_file = true }, "ca_file must be a string" },
  }
  for _, row in ipairs(refused) do
    it("refuses " .. row[1], function()
      assert.matches(row[3], message_of(curl.mux, row[2]))
    end)
  end

  for name, byte in pairs { LF = "\n", CR = "\r", NUL = "\0", DEL = "\127" } do
    it("refuses a header with " .. name .. " and does not show it", function()
      local header = "Authorization: " .. TOKEN .. byte .. "X: y"
      local message = message_of(open, { headers = { header } })
      assert.matches("control byte", message)
      assert.not_matches(TOKEN, message, 1, true)
    end)
  end

  for _, origin in ipairs { "http://127.0.0.1:1", "http://127.0.0.1:1/", "https://[::1]:1" } do
    it("takes " .. origin, function()
      open({ origin = origin }):close()
    end)
  end

  it("never shows a header", function()
    local mux = open()
    assert.not_matches(TOKEN, tostring(mux), 1, true)
    mux:submit("poll", "/t", nil, nil, 5)
    assert.not_matches(TOKEN, collect(mux)[3], 1, true)
    mux:close()
  end)
end)

describe("a mux", function()
  local mux

  before_each(function() mux = open() end)
  after_each(function() mux:close() end)

  local raised = {
    { "an unknown kind", { "subscribe", "/t", nil, nil, 5 }, "subscribe" },
    { "no kind", {}, "string expected" },
    { "no target", { "poll", nil, nil, nil, 5 }, "string expected" },
    { "a target that is no string", { "poll", {}, nil, nil, 5 }, "string expected" },
    { "a body that is no string", { "publish", "/t", {}, nil, 5 }, "string expected" },
    { "a content type that is no string", { "publish", "/t", "", {}, 5 }, "string expected" },
    { "no timeout", { "poll", "/t" }, "number expected" },
    { "a timeout below 0", { "poll", "/t", nil, nil, -1 }, "must not be negative" },
    { "a timeout that is not a number", { "poll", "/t", nil, nil, 0 / 0 }, "must not be negative" },
  }
  for _, row in ipairs(raised) do
    it("raises for " .. row[1], function()
      local given = row[2]
      assert.matches(row[3],
        message_of(mux.submit, mux, given[1], given[2], given[3], given[4], given[5]))
      assert.equal(0, mux:pending())
    end)
  end

  local returned = {
    { "an empty target", "", nil },
    { "a target without its slash", "t", nil },
    { "a whole URL", "http://127.0.0.1/t", nil },
    { "a space in the target", "/a b", nil },
    { "a second request in the target", "/a HTTP/1.1\r\nX: y", nil },
    { "a NUL in the target", "/a\0b", nil },
    { "a byte above ASCII in the target", "/\195\164", nil },
    { "a second header in the content type", "/t", "text/plain\r\nX: y" },
    { "a NUL in the content type", "/t", "text/plain\0" },
  }
  for _, row in ipairs(returned) do
    it("returns an error for " .. row[1], function()
      local ticket, message, code, detail = mux:submit("publish", row[2], "b", row[3], 5)
      assert.is_nil(ticket)
      assert.is_string(message)
      assert.equal("INVALID_ARGUMENT_ERROR", code)
      assert.is_false(detail.retryable)
      assert.equal(0, mux:pending())
    end)
  end

  it("gives whole numbers as tickets, no two alike", function()
    local seen = {}
    for _ = 1, 50 do
      local ticket = mux:submit("poll", "/t", nil, nil, 5)
      assert.equal(0, ticket % 1)
      assert.is_nil(seen[ticket])
      seen[ticket] = true
      collect(mux)
    end
  end)

  it("has nothing to collect and no deadline at first", function()
    assert.is_nil((mux:collect()))
    assert.equal(0, mux:pending())
    assert.is_nil(mux:timeout())
    assert.equal("r", mux:events())
  end)

  it("returns from a step at once when nothing is under way", function()
    assert.is_false(mux:step())
    assert.is_false(mux:step(0))
  end)

  it("knows nothing of tickets that never were", function()
    for _, ticket in ipairs { 0, -1, 1, 1.5, 2 ^ 52, 2 ^ 60, 0 / 0, math.huge } do
      assert.is_false(mux:cancel(ticket))
      assert.is_true(mux:sent(ticket))
    end
    assert.matches("number expected", message_of(mux.cancel, mux, "x"))
  end)

  it("tells of a refused connection: nothing was sent", function()
    for _, kind in ipairs { "poll", "publish" } do
      local ticket = mux:submit(kind, "/t", nil, nil, 5)
      local result = collect(mux)
      assert.equal(ticket, result[1])
      assert.is_nil(result[2])
      assert.matches("^http://127.0.0.1:1: no connection %(Connection refused%): check", result[3])
      assert.equal("CONNECTION_ERROR", result[4])
      assert.same({ transport = 7, retryable = true, unsent = true }, result[5])
      assert.equal(0, mux:pending())
    end
  end)

  it("forgets what is cancelled, ended or not", function()
    local ticket = mux:submit("poll", "/t", nil, nil, 5)
    wait.wait_until(function()
      mux:step(1)
      return mux:pending() == 0
    end, 30, "the end of the poll")
    assert.is_true(mux:cancel(ticket))
    assert.is_false(mux:cancel(ticket))
    assert.is_nil((mux:collect()))
  end)

  it("is closed for good", function()
    mux:submit("poll", "/t", nil, nil, 5)
    mux:close()
    mux:close()
    assert.matches("closed", tostring(mux))
    for _, method in ipairs {
      "submit", "cancel", "sent", "step", "collect", "pollfd", "events", "timeout", "pending",
    } do
      assert.matches("closed", message_of(mux[method], mux))
    end
  end)

  it("guards its metatable and its methods' first argument", function()
    assert.equal("momento.curl.mux", getmetatable(mux))
    for _, method in ipairs { "submit", "step", "close", "pollfd" } do
      assert.matches("momento.curl.mux expected", message_of(mux[method], {}))
      assert.matches("momento.curl.mux expected", message_of(mux[method], io.stdout))
    end
  end)

  it("goes with the collector, requests under way or not", function()
    for _ = 1, 20 do
      open()
      open():submit("poll", "/t", nil, nil, 5)
    end
    pcall(curl.mux, { origin = NOWHERE, headers = { "a: b", "broken" } })
    collectgarbage()
    collectgarbage()
  end)

  it("closes at the end of its block", function()
    if _VERSION ~= "Lua 5.4" then return end -- the one with such blocks
    local block = assert(load "local mux <close> = ...; return mux")
    assert.matches("closed", tostring(block(open())))
  end)

  it("outlives a second load of the module", function()
    package.loaded["momento.curl"] = nil
    local again = require "momento.curl"
    package.loaded["momento.curl"] = curl
    assert.equal(0, mux:pending())
    local other = again.mux { origin = NOWHERE }
    assert.equal(0, mux.pending(other))
    other:close()
  end)
end)
