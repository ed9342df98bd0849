-- The declarations for editors and checkers (LuaCATS) are complete: each parameter and result of a
-- public function has its type, and each code of an error is known. That no function is missing
-- is held by public_spec.

local core = require "momento.core"
local process = require "spec.support.process"
require "momento.client"
require "momento.tokens"

local function source(path)
  return process.read_file("lua/momento/" .. path .. ".lua")
end

local types = source "types"
local readme = process.read_file "README.md"

local NO_RESULT = { close = true, update = true, cancel = true, run = true, sleep = true }

-- The functions that the text of a file declares: name -> { params, documented, results }.
local function declarations(text)
  local declared = {}
  local documented, results = {}, 0
  for line in text:gmatch "[^\n]*" do
    local param = line:match "^%-%-%-@param ([%w_]+)"
    local name, params = line:match "^function ([%w_.:]+)%((.-)%)"
    if param then
      documented[param] = true
    elseif line:find "^%-%-%-@return" then
      results = results + 1
    elseif name then
      local list = {}
      for word in params:gmatch "[%w_]+" do list[#list + 1] = word end
      declared[name] = { params = list, documented = documented, results = results }
    end
    if line ~= "" and not line:find "^%-%-%-" then documented, results = {}, 0 end
  end
  return declared
end

local of_types = declarations(types)

describe("types:", function()
  for _, path in ipairs { "types", "init", "ngx/hub" } do
    it(path .. ".lua gives each parameter and result a type", function()
      local count = 0
      for name, declared in pairs(declarations(source(path))) do
        count = count + 1
        for _, param in ipairs(declared.params) do
          assert.truthy(declared.documented[param], ("%s lacks @param %s"):format(name, param))
        end
        if not NO_RESULT[name:match "[%w_]+$"] then
          assert.is_true(declared.results > 0, name .. " lacks @return")
        end
      end
      assert.is_true(count > 0)
    end)
  end

  it("have as many parameters as the functions take", function()
    local classes = { Client = core.client_methods, Subscription = core.subscription_methods,
      Message = core.message_meta.__index }
    for name, declared in pairs(of_types) do
      local class, method = name:match "^(%a+):([%w_]+)$"
      local info = classes[class] and debug.getinfo(classes[class][method], "Su")
      if info and info.what ~= "C" and info.nparams then -- Lua 5.1 does not tell
        assert.is_true(info.nparams - 1 <= #declared.params, name)
      end
    end
  end)

  it("name only types that there are", function()
    local known = {}
    for name in types:gmatch "%-%-%-@[ac]l[%l]+ (momento%.[%w.]+)" do known[name] = true end
    local paths = { "types", "init", "ngx/hub", "loop/cqueues", "loop/luv", "loop/copas" }
    for _, path in ipairs(paths) do
      for line in source(path):gmatch "%-%-%-@%l+[^\n]*" do
        for name in line:gmatch "momento%.%u%w*" do assert.is_true(known[name], name) end
      end
    end
  end)

  it("have the codes that errors have, and the README has them, too", function()
    local declared = {}
    for code in types:gmatch '%-%-%-| "([%u_]+)"' do
      declared[code] = true
      assert.truthy(readme:find(("\n| `%s` |"):format(code), 1, true), code)
    end
    local paths = { "errors", "client", "driver", "subscription", "tokens", "cli",
      "transport/ngx", "transport/ngx_faults" }
    for _, path in ipairs(paths) do
      for code in source(path):gmatch '"(%u[%u_]+_ERROR)"' do
        assert.is_true(declared[code], code)
      end
    end
    local curl = process.capture [[grep -oh '"[A-Z_]*_ERROR"' -r src/lua src/curl | tr -d '"']]
    for code in curl:gmatch "[%u_]+" do assert.is_true(declared[code], code) end
  end)

  it("are never loaded", function()
    assert.truthy(types:find "^%-%-%-@meta")
    assert.is_nil(package.loaded["momento.types"])
  end)
end)
