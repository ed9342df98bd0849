local process = require "spec.support.process"

describe("make docs", function()
  it("makes a page of HTML that has every function, without a complaint", function()
    local build = process.directory()
    local made = process.start { "make", "-s", "BUILD=" .. build, "LUA_BIN=" .. process.lua, "docs",
      env = { MAKEFLAGS = false } }
    assert.equal(0, made:wait(60), made:errors())
    assert.equal("", made:errors())
    local page = process.read_file(build .. "/doc/index.html")
    for _, path in ipairs { "lua/momento/init.lua", "lua/momento/types.lua" } do
      for name in process.read_file(path):gmatch "\nfunction ([%w_.:]+)%(" do
        local anchor = ('name = "%s"'):format(name:gsub("^momento%.", ""))
        assert.truthy(page:find(anchor, 1, true), name .. " is missing")
      end
    end
  end)
end)
