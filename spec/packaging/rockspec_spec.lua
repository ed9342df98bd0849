-- The rockspecs say what the tree holds, and the version is the same wherever it is written.

local process = require "spec.support.process"
local Topicsd = require "spec.support.topicsd"
local version = require "momento.version"

local paths = {
  "lua-momento-dev-1.rockspec",
  ("lua-momento-%s-1.rockspec"):format(version),
}

local function load_rockspec(path)
  local values = {}
  local chunk
  if setfenv then
    chunk = assert(loadfile(path))
    setfenv(chunk, values)
  else
    chunk = assert(loadfile(path, "t", values))
  end
  chunk()
  return values
end

local function files(pattern)
  local list = {}
  for path in process.capture("find " .. pattern):gmatch "[^\n]+" do list[path] = true end
  return list
end

local function set(list)
  local all = {}
  for _, path in ipairs(list) do all[path] = true end
  return all
end

describe("rockspec", function()
  it("exists for this version and no other", function()
    assert.same(set(paths), files "*.rockspec")
  end)

  for _, path in ipairs(paths) do
    describe(path, function()
      local modules = load_rockspec(path).build.modules

      it("names every Lua file, under its name", function()
        local listed = {}
        for name, file in pairs(modules) do
          if type(file) == "string" then
            listed[file] = true
            local stem = "lua/" .. name:gsub("%.", "/")
            assert.is_true(file == stem .. ".lua" or file == stem .. "/init.lua", file)
          end
        end
        assert.same(files "lua -name '*.lua'", listed)
      end)

      it("names every C file of the two modules", function()
        assert.same(files "src/wire src/lua -name '*.c' ! -name 'curl*'",
          set(modules["momento.core"].sources))
        assert.same(files "src/curl src/lua/curl*.c -name '*.c'",
          set(modules["momento.curl"].sources))
      end)

      it("is what make rockspec writes", function()
        local directory = process.directory()
        local made = process.start { process.lua, "tools/rockspec.lua", directory }
        assert.equal(0, made:wait(), made:errors())
        assert.equal(process.read_file(directory .. "/" .. path), process.read_file(path))
      end)

      it("is to luarocks's liking", function()
        local lint = process.start { "luarocks", "lint", path, env = { HOME = "/nonexistent" } }
        assert.equal(0, lint:wait(60), lint:output() .. lint:errors())
      end)
    end)
  end

  it("has the version of everything else", function()
    assert.matches("^%d+%.%d+%.%d+$", version)
    assert.equal(version, require "momento"._VERSION)
    assert.equal(version, require "momento.core".version)
    local topicsd = process.start { Topicsd.program, "--version" }
    assert.equal(0, topicsd:wait())
    assert.equal("topicsd " .. version .. "\n", topicsd:output())
    assert.truthy(process.read_file("CHANGELOG.md"):find(version, 1, true))
  end)
end)
