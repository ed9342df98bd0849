local process = require "spec.support.process"
local Topicsd = require "spec.support.topicsd"

describe("make demo", function()
  it("shows every message, in order, and ends", function()
    local demo = process.start {
      "tools/with_topicsd.sh", "tools/demo.sh",
      env = { LUA_BIN = process.lua, TOPICSD = Topicsd.program },
    }
    local code = demo:wait(60)
    assert.equal("", demo:errors())
    assert.equal(0, code)
    assert.matches("^topicsd listens on http://127", demo:output())
    assert.matches("received: 5\thello 5\n", demo:output())
    assert.matches("5 of 5 messages went through, in order\n$", demo:output())
  end)
end)
