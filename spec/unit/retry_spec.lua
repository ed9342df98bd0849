-- momento.retry: how long to wait before asking again.

local retry = require "momento.retry"

local function always(value)
  return function() return value end
end

describe("momento.retry", function()
  local ceilings = { { 1, 0.1 }, { 2, 0.2 }, { 3, 0.4 }, { 7, 6.4 }, { 8, 10 }, { 1e6, 10 } }
  for _, row in ipairs(ceilings) do
    it(("waits between 0 and %g s after %d failures"):format(row[2], row[1]), function()
      assert.equal(0, retry.delay(row[1], nil, always(0)))
      assert.is_true(math.abs(retry.delay(row[1], nil, always(0.5)) - row[2] / 2) < 1e-9)
      assert.is_true(math.abs(retry.delay(row[1], nil, always(1)) - row[2]) < 1e-9)
    end)
  end

  local asked = { { 0.5, 0.5 }, { 7, 7 }, { 60, 60 }, { 86400, 60 } }
  for _, row in ipairs(asked) do
    it(("waits %g s when the server asks for %g"):format(row[2], row[1]), function()
      assert.equal(row[2], retry.delay(1, row[1], always(0)))
    end)
  end

  it("spreads its waits over the whole range", function()
    local lowest, highest = math.huge, 0
    for _ = 1, 1000 do
      local delay = retry.delay(8)
      lowest, highest = math.min(lowest, delay), math.max(highest, delay)
    end
    assert.is_true(lowest >= 0 and lowest < 1, "lowest is " .. lowest)
    assert.is_true(highest <= 10 and highest > 9, "highest is " .. highest)
  end)

  it("leaves the program's random numbers alone", function()
    math.randomseed(42)
    local expected = math.random(1, 1000000)
    math.randomseed(42)
    retry.delay(3)
    assert.equal(expected, math.random(1, 1000000))
  end)
end)
