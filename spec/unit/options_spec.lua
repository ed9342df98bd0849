-- momento.options: tables of options, key by key.

local options = require "momento.options"

local KNOWN = {
  api_key = "string",
  timeout = options.seconds,
  connect_timeout = options.seconds,
  max_body = options.count,
  logger = "function",
  mode = function(value)
    if value ~= "fast" and value ~= "slow" then return '"fast" or "slow"' end
  end,
}

local function take(given)
  return options.copy("place", given, KNOWN, 1)
end

describe("momento.options", function()
  it("copies", function()
    local given = { api_key = "k", timeout = 0.5 }
    local copy = take(given)
    assert.same(given, copy)
    assert.not_equal(given, copy)
  end)

  it("takes none", function()
    assert.same({}, take(nil))
  end)

  local wrong = {
    { "no table", 7, "place: options must be a table, got number" },
    { "an unknown key", { colour = 1 },
      'place: unknown option "colour"; known are api_key, connect_timeout, logger, max_body, ' },
    { "a slip", { api_ky = "k" }, 'place: unknown option "api_ky"; did you mean api_key?' },
    { "another case", { Timeout = 1 }, 'place: unknown option "Timeout"; did you mean timeout?' },
    { "a key that is no string", { "k" }, "place: unknown option 1; known are " },
    { "a wrong type", { api_key = 7 }, "place: option api_key must be a string, got 7" },
    { "a boolean", { logger = true }, "place: option logger must be a function, got boolean" },
    { "no time", { timeout = 0 }, "option timeout must be a number of seconds above 0, got 0" },
    { "negative time", { timeout = -1 }, "option timeout must be a number of seconds above 0" },
    { "NaN", { timeout = 0 / 0 }, "option timeout must be a number of seconds above 0" },
    { "for ever", { timeout = math.huge }, "option timeout must be a number of seconds above 0" },
    { "time as text", { timeout = "5" }, 'of seconds above 0, got "5"' },
    { "a word that is none of those", { mode = "fats" },
      'place: option mode must be "fast" or "slow", got "fats"' },
    { "a broken count", { max_body = 1.5 }, "option max_body must be a whole number above 0" },
    { "a count of 0", { max_body = 0 }, "option max_body must be a whole number above 0" },
  }
  for _, row in ipairs(wrong) do
    it("raises for " .. row[1], function()
      local fine, message = pcall(take, row[2])
      assert.is_false(fine)
      assert.matches(row[3], message, 1, true)
    end)
  end

  it("blames the line that passed the options", function()
    local function callee(given) options.copy("place", given, KNOWN) end
    local fine, message = pcall(function()
      callee { colour = 1 } -- this line
    end)
    assert.is_false(fine)
    assert.matches("options_spec.lua:" .. debug.getinfo(1, "l").currentline - 3, message, 1, true)
  end)
end)
