-- The benchmarks run, every one of them, with tiny sizes; nothing is said about time. They choose
-- their Luas themselves, so one suite is enough.

local process = require "spec.support.process"

if _VERSION ~= "Lua 5.4" then return end

describe("the benchmarks", function()
  it("run", function()
    -- What is started there is not this run's to stop; and LUA_INIT would have the collector always
    -- at work in every program that is measured.
    local env = { SPEC_RUN = false, LUA_INIT = false, MAKEFLAGS = false, BUILD = false }
    local make = process.start { "make", "-s", "bench-smoke", env = env }
    assert.equal(0, make:wait(300), make:output() .. make:errors())
    assert.matches(", 0 failed", make:output(), 1, true)
  end)
end)
