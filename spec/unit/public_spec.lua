-- What a user can call and pass is in the types that editors read (lua/momento/types.lua) and in
-- the README, and nothing else is.

local core = require "momento.core"
local momento = require "momento"
local process = require "spec.support.process"
require "momento.client"

local types = process.read_file "lua/momento/types.lua"
local readme = process.read_file "README.md"

-- Methods that the parts of this library have for each other.
local inner = {
  client = { "origin", "authorization", "publish_target" },
  subscription = { "poll_target", "feed", "next", "readable", "take_counts",
    "receive_next" },
  message = { "kind" },
}

local function public_methods(object, methods)
  local names, hidden = {}, {}
  for _, name in ipairs(inner[object] or {}) do hidden[name] = true end
  for name in pairs(methods) do
    if not hidden[name] and not name:find "^_" and not name:find "_$" then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

local function typed_methods(class)
  local names = {}
  for name in types:gmatch("\nfunction " .. class .. ":([%w_]+)%(") do names[#names + 1] = name end
  table.sort(names)
  return names
end

describe("the public face:", function()
  local objects = {
    { "client", "Client", core.client_methods },
    { "subscription", "Subscription", core.subscription_methods },
    { "message", "Message", core.message_meta.__index },
  }
  for _, row in ipairs(objects) do
    local object, class, methods = row[1], row[2], row[3]

    it("the types have the methods of a " .. object, function()
      assert.same(public_methods(object, methods), typed_methods(class))
    end)

    it("the README names the methods of a " .. object, function()
      for _, name in ipairs(public_methods(object, methods)) do
        local mention = ("`%s:%s("):format(object, name)
        assert.truthy(readme:find(mention, 1, true), mention .. " is missing")
      end
    end)
  end

  it("the README names what momento has, and init.lua says what it does", function()
    local source = process.read_file "lua/momento/init.lua"
    for name, value in pairs(momento) do
      local mention = "`momento." .. name .. (type(value) == "function" and "(" or "`")
      assert.truthy(readme:find(mention, 1, true), mention .. " is missing")
      if type(value) == "function" then
        local head = ("\nfunction momento.%s("):format(name)
        local at = assert(source:find(head, 1, true), head)
        assert.matches("\n%-%-%-[^\n]*$", source:sub(1, at - 1))
      end
    end
  end)

  describe("options:", function()
    local client = assert(momento.client { api_key = "key", endpoint = "http://127.0.0.1:1" })
    local calls = {
      ClientOptions = function(options) return momento.client(options) end,
      PublishOptions = function(options) return client:publish("c", "t", "v", options) end,
      SubscribeOptions = function(options) return client:subscribe("c", "t", options) end,
    }
    for class, call in pairs(calls) do
      it(class .. " are those that are taken, and in the README", function()
        local _, message = pcall(call, { ["an option that is no option"] = true })
        local known, typed = {}, {}
        for name in message:match("known are (.*)$"):gmatch "[%w_]+" do
          known[name] = true
          assert.truthy(readme:find("`" .. name .. "[`(]"), name .. " is missing in the README")
        end
        local fields = types:match("\n%-%-%-@class momento%." .. class .. "[^\n]*\n(.-)\n\n")
        for name in ("\n" .. fields):gmatch "\n%-%-%-@field ([%w_]+)" do typed[name] = true end
        assert.same(known, typed)
      end)
    end
  end)
end)
