-- momento.core: the module's functions, the client, and what userdata promise.

local core = require "momento.core"
local envelope = require "spec.support.envelope"

local unpack = table.unpack or unpack -- luacheck: ignore 143

describe("momento.core", function()
  it("has the version of the Lua side", function()
    assert.equal(require "momento.version", core.version)
  end)

  describe("arguments", function()
    local client = core.client("http://127.0.0.1:1", "token")
    local subscription = core.subscription(client, "cache", "topic")
    local raising = {
      { "client without origin", core.client, {}, "origin must be a string, got no value" },
      { "client with a number", core.client, { 1, "t" }, "origin must be a string, got number" },
      { "client without token", core.client, { "http://a" },
        "token must be a string, got no value" },
      { "client with a table", core.client, { "http://a", {} },
        "token must be a string, got table" },
      { "subscription of nothing", core.subscription, {}, "momento.client expected, got no value" },
      { "subscription of a file", core.subscription, { io.stdout, "c", "t" },
        "momento.client expected, got userdata" },
      { "subscription of a subscription", core.subscription, { subscription, "c", "t" },
        "momento.client expected, got userdata" },
      { "cache name", core.subscription, { client, 1, "t" },
        "cache name must be a string, got number" },
      { "topic name", core.subscription, { client, "c" }, "topic name must be a string, got " },
      { "a bad and a mistyped name", core.subscription, { client, "", {} },
        "topic name must be a string, got table" },
      { "sequence number", core.subscription, { client, "c", "t", {} },
        "sequence_number must be a number or a string of digits, got table" },
      { "sequence page", core.subscription, { client, "c", "t", 1, true },
        "sequence_page must be a number or a string of digits, got boolean" },
      { "state of nothing", core.state, {},
        "momento.client or momento.subscription expected, got no value" },
      { "state of a file", core.state, { io.stdout },
        "momento.client or momento.subscription expected, got userdata" },
      { "text_valid", core.text_valid, { 1 }, "value must be a string, got number" },
      { "base64_encode", core.base64_encode, {}, "bytes must be a string, got no value" },
      { "base64_decode", core.base64_decode, { false }, "text must be a string, got boolean" },
      { "escape", core.escape, { {} }, "bytes must be a string, got table" },
      { "json_object", core.json_object, { 5 }, "text must be a string, got number" },
      { "publish_target", client.publish_target, { client, "c", 5 },
        "topic name must be a string, got number" },
      { "feed", subscription.feed, { subscription, 5 }, "body must be a string, got number" },
    }
    for _, row in ipairs(raising) do
      it("are named when of a wrong type: " .. row[1], function()
        local ok, message = pcall(row[2], unpack(row[3], 1, 5))
        assert.is_false(ok)
        message = message:gsub("got nil", "got no value")
        assert.truthy(message:find(row[4], 1, true), message)
      end)
    end

    it("include self, for every method of both classes", function()
      local methods = { "close", "origin", "authorization", "publish_target", "feed", "next",
        "poll_target", "position", "take_counts" }
      for _, class in ipairs { core.client_methods, core.subscription_methods } do
        local other = class == core.client_methods and subscription or client
        for _, name in ipairs(methods) do
          for _, self in ipairs { "x", 5, {}, io.stdout, other } do
            if class[name] then
              local ok, message = pcall(class[name], self)
              assert.is_false(ok, name)
              assert.truthy(message:find("momento.%l+ expected, got"), message)
            end
          end
        end
      end
    end)

    it("refuse a userdata without metatable, where Lua can make one", function()
      if not newproxy then return end -- luacheck: ignore 113
      assert.has_error(function() core.state(newproxy()) end) -- luacheck: ignore 113
    end)
  end)

  describe("client", function()
    local refused = {
      "", "127.0.0.1", "ftp://host", "http://", "https://", "http://host/", "http://host/path",
      "http://host?q", "http://host#f", "http://user@host", "http://ho st", "http://host\r\nX: y",
      "http://host\0", "http://h\195\169", "HTTP//host", "http:/host", "http://host\\path",
    }
    for _, origin in ipairs(refused) do
      it(("refuses the origin %q"):format(origin), function()
        local client, message = core.client(origin, "t")
        assert.is_nil(client)
        assert.equal(
          "the origin must be http://host[:port] or https://host[:port], nothing more", message)
      end)
    end

    for _, origin in ipairs { "http://a", "https://api.cache.x.com", "http://127.0.0.1:80",
      "https://[::1]:8080" } do
      it("takes the origin " .. origin, function()
        assert.equal(origin, core.client(origin, "t"):origin())
      end)
    end

    it("gives the token to transports", function()
      for _, token in ipairs { "", "t", "a b", ("x"):rep(10000) } do
        assert.equal(token, core.client("http://a", token):authorization())
      end
    end)

    it("refuses a token that would end the header, without repeating it", function()
      for _, byte in ipairs { "\n", "\r", "\0", "\127", "\200", "\t" } do
        local client, message = core.client("http://a", "secret" .. byte)
        assert.is_nil(client)
        assert.equal("the token must be printable ASCII without line ends", message)
      end
    end)

    it("never shows the token", function()
      local client = core.client("http://a:80", "secret")
      assert.equal("momento.client (http://a:80)", tostring(client))
      assert.is_nil(tostring(core.subscription(client, "c", "t")):find("secret", 1, true))
      client:close()
      assert.equal("momento.client (closed)", tostring(client))
    end)

    it("once closed says so, and may be closed again", function()
      local client = core.client("http://a", "t")
      client:close()
      client:close()
      local calls = {
        client.origin, client.authorization,
        function() return client:publish_target("c", "t") end,
        function() return core.subscription(client, "c", "t") end,
      }
      for _, call in ipairs(calls) do
        local result, message = call(client)
        assert.is_nil(result)
        assert.equal("the client is closed", message)
      end
      assert.is_table(core.state(client))
    end)
  end)

  describe("publish_target", function()
    local client = core.client("http://a", "t")
    local long = ("n"):rep(10240)
    local rows = {
      { "cache", "topic", "/topics/cache/topic" },
      { "a/b", "c%2Fd", "/topics/a%2Fb/c%252Fd" },
      { "my cache", "a+b", "/topics/my%20cache/a%2Bb" },
      { "\195\169", "\240\159\152\128", "/topics/%C3%A9/%F0%9F%98%80" },
      { "-._~", "?#&=", "/topics/-._~/%3F%23%26%3D" },
      { "\255", "\128", "/topics/%FF/%80" },
      { long, long, "/topics/" .. long .. "/" .. long },
      { ("/"):rep(4000), "t", "/topics/" .. ("%2F"):rep(4000) .. "/t" },
      { "", "t", nil, "cache name is empty" },
      { "c", "", nil, "topic name is empty" },
      { "", "", nil, "cache name is empty" },
      { "c\0d", "t", nil, "cache name has a control byte in it" },
      { "c", "t\n", nil, "topic name has a control byte in it" },
      { "c", "t\127", nil, "topic name has a control byte in it" },
    }
    for _, row in ipairs(rows) do
      it(("of %q and %q"):format(row[1]:sub(1, 20), row[2]:sub(1, 20)), function()
        local target, message = client:publish_target(row[1], row[2])
        assert.equal(row[3], target)
        assert.equal(row[4], message)
        local subscription, why = core.subscription(client, row[1], row[2])
        assert.equal(row[3] == nil, subscription == nil)
        assert.equal(row[4], why)
      end)
    end
  end)

  describe("functions on bytes", function()
    it("tell valid UTF-8", function()
      assert.is_true(core.text_valid "")
      assert.is_true(core.text_valid "a\0\240\159\152\128")
      assert.is_false(core.text_valid "\255")
      assert.is_false(core.text_valid "\237\160\128")
    end)

    it("write and read base64 of any length", function()
      for length = 0, 2000, 37 do
        local bytes = {}
        for i = 1, length do bytes[i] = string.char(i * 7 % 256) end
        bytes = table.concat(bytes)
        assert.equal(bytes, core.base64_decode(core.base64_encode(bytes)))
      end
      assert.equal("AAEC/w==", core.base64_encode "\0\1\2\255")
      assert.equal("\0\1\2\255", core.base64_decode "AAEC_w")
      assert.is_nil(core.base64_decode "A")
      assert.is_nil(core.base64_decode "A*==")
    end)

    it("escape all but the unreserved", function()
      assert.equal("azAZ09-._~%20%25%00%C3%A9", core.escape "azAZ09-._~ %\0\195\169")
      assert.equal(("%20"):rep(5000), core.escape((" "):rep(5000)))
    end)
  end)

  describe("json_object", function()
    local rows = {
      { '{"a":"b"}', { a = "b" } },
      { " { } ", {} },
      { '{"a":1,"b":[{"c":"d"}],"e":"f","g":null,"h":true}', { e = "f" } },
      { '{"a\\n":"\\u00e9\\ud83d\\ude00","":""}',
        { ["a\n"] = "\195\169\240\159\152\128", [""] = "" } },
      { '{"a":"first","a":"last"}', { a = "last" } },
      { '{"a":"' .. ("\\n"):rep(9000) .. '"}', { a = ("\n"):rep(9000) } },
    }
    for _, row in ipairs(rows) do
      it(("reads %.40s"):format(row[1]), function()
        assert.same(row[2], core.json_object(row[1]))
      end)
    end

    for _, text in ipairs { "", "null", "[]", "5", '"a"', "{", '{"a"}', '{"a":"b"', '{"a":"b",}',
      '{"a":"b"}x', "{a:1}", '{"a":"b" "c":"d"}', '{"a":01}', '{"a":"\255"}',
      '{"a":' .. ("["):rep(500) .. ("]"):rep(500) .. "}" } do
      it(("refuses %.30s"):format(text), function()
        assert.equal(0, select("#", core.json_object(text)))
      end)
    end
  end)

  describe("userdata", function()
    it("have a private table each", function()
      local client = core.client("http://a", "t")
      local one, two = core.subscription(client, "c", "t"), core.subscription(client, "c", "t")
      core.state(one).x = 1
      assert.is_nil(core.state(two).x)
      assert.is_nil(core.state(client).x)
      assert.equal(1, core.state(one).x)
    end)

    it("hide their metatables", function()
      local client = core.client("http://a", "t")
      assert.is_false(getmetatable(client))
      assert.has_error(function() setmetatable(client, {}) end)
    end)

    it("call receive_next and close by name, so that the Lua layer can give them", function()
      local methods = core.subscription_methods
      local receive_next, close = methods.receive_next, methods.close
      finally(function() methods.receive_next, methods.close = receive_next, close end)
      local subscription = core.subscription(core.client("http://a", "t"), "c", "t")
      function methods.receive_next(self, more)
        assert.equal(subscription, self)
        assert.is_nil(more)
        return coroutine.yield "from inside the iterator"
      end
      if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
        methods.receive_next = function() return "yielding here takes a newer Lua" end
        assert.equal("yielding here takes a newer Lua", subscription())
      else
        local reader = coroutine.wrap(function()
          local last
          for item in subscription do last = item end
          return last
        end)
        assert.equal("from inside the iterator", reader())
        assert.equal("from inside the iterator", reader "item")
        assert.equal("item", reader(nil))
      end
      local closed = 0
      function methods.close(self)
        closed = closed + 1
        close(self)
        error "is dropped by the collector"
      end
      debug.getmetatable(subscription).__gc(subscription)
      assert.equal(1, closed)
      assert.has_error(function() debug.getmetatable(subscription).__close(subscription) end)
      assert.equal(2, closed)
      assert.equal("momento.subscription (/topics/c/t, closed)", tostring(subscription))
    end)

    it("survive a second load of the module", function()
      local client = core.client("http://a", "t")
      local subscription = core.subscription(client, "c", "t")
      subscription:feed(envelope.body(envelope.text(1, 2, "x")))
      package.loaded["momento.core"] = nil
      local second = require "momento.core"
      package.loaded["momento.core"] = core
      assert.not_equal(core, second)
      assert.equal(core.client_methods, second.client_methods)
      assert.equal(core.subscription_methods, second.subscription_methods)
      assert.equal(core.message_meta, second.message_meta)
      assert.equal("http://a", client:origin())
      assert.equal(core.state(client), second.state(client))
      local kind, message = subscription:next()
      assert.equal("message", kind)
      assert.equal(second.message_meta, getmetatable(message))
      assert.equal("/topics/c/t?sequence_number=2&sequence_page=2", subscription:poll_target())
      assert.truthy(second.subscription(client, "c", "t"))
    end)
  end)
end)
