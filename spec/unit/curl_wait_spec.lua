-- momento.curl: the clock, and waiting for descriptors or for time.

local curl = require "momento.curl"
local socket = require "socket"

describe("momento.curl", function()
  it("has a clock that never goes back", function()
    local last = curl.now()
    for _ = 1, 1000 do
      local now = curl.now()
      assert.is_true(now >= last)
      last = now
    end
  end)

  it("waits for time, and no less than was asked", function()
    for _, seconds in ipairs { 0, 0.0001, 0.01 } do
      local before = curl.now()
      assert.is_true(curl.wait(seconds))
      assert.is_true(curl.now() - before >= seconds)
    end
  end)

  it("tells which descriptors can be read", function()
    local first, second = assert(socket.bind("127.0.0.1", 0)), assert(socket.bind("127.0.0.1", 0))
    local one, two = first:getfd(), second:getfd()
    assert.same({ true }, { curl.wait(0, { one, two }) })
    local connection = assert(socket.connect("127.0.0.1", (select(2, second:getsockname()))))
    assert.same({ true, two }, { curl.wait(nil, { one, two }) })
    for _, opened in ipairs { first, second, connection } do opened:close() end
  end)

  it("tells of a descriptor that is none at once", function()
    assert.same({ nil, "descriptor 1000000 is not open" }, { curl.wait(nil, { 1000000 }) })
  end)

  local raising = {
    { "negative seconds", { -1 } }, { "NaN", { 0 / 0 } }, { "seconds as text", { "x" } },
    { "descriptors that are no list", { 0, 5 } }, { "a descriptor that is none", { 0, { "x" } } },
    { "a descriptor that is a table", { 0, { {} } } },
  }
  for _, row in ipairs(raising) do
    it("raises for " .. row[1], function()
      assert.is_false((pcall(curl.wait, row[2][1], row[2][2])))
    end)
  end
end)
