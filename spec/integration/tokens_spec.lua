-- Disposable tokens through the client: vended by a full key, and held to what they may do.

local momento = require "momento"
local Topicsd = require "spec.support.topicsd"
local Peer = require "spec.support.peer"

local PATIENCE = 30 -- seconds
local EVERYTHING = { { role = "publishsubscribe", cache = "*", topic = "*" } }

describe("client:vend_token", function()
  local server, owner
  local clients = {}

  local function connect(api_key, endpoint)
    local client = assert(momento.client { api_key = api_key, endpoint = endpoint or server.url })
    clients[#clients + 1] = client
    return client
  end

  local function guest(permissions, token_id)
    local token = assert(owner:vend_token {
      permissions = permissions, expires_in = 3600, token_id = token_id,
    })
    return connect(token.api_key)
  end

  setup(function() server = Topicsd.start { "--cache", "c", "--cache", "d" } end)
  teardown(function() Topicsd.stop_all() end)
  before_each(function() owner = connect(server.key) end)
  after_each(function()
    for _, client in ipairs(clients) do client:close() end
    clients = {}
  end)

  it("gives what a client needs, for as long as was asked", function()
    local before = os.time()
    local token = assert(owner:vend_token { permissions = EVERYTHING, expires_in = 100 })
    assert.equal(server.url, token.endpoint)
    assert.is_true(token.valid_until >= before + 99 and token.valid_until <= os.time() + 101)
    assert.matches("^%d+$", tostring(token.valid_until))
    local client = connect(token.api_key, token.endpoint)
    local subscription = assert(client:subscribe("c", "whole"))
    assert(client:publish("c", "whole", "x"))
    assert.equal("x", assert(subscription:receive(PATIENCE)).value)
  end)

  for _, row in ipairs {
    -- role, topic of the permission; then what is tried and whether it may be
    { "publishonly", "t", "publish", "c", "t", true },
    { "publishonly", "t", "subscribe", "c", "t", false },
    { "subscribeonly", "t", "publish", "c", "t", false },
    { "subscribeonly", "t", "subscribe", "c", "t", true },
    { "publishsubscribe", "t", "publish", "c", "other", false },
    { "publishsubscribe", "t", "publish", "d", "t", false },
    { "publishsubscribe", { prefix = "a-" }, "publish", "c", "a-b", true },
    { "publishsubscribe", { prefix = "a-" }, "publish", "c", "b", false },
    { "publishsubscribe", "*", "subscribe", "c", "anything", true },
  } do
    local role, topic, what, cache, name, allowed = row[1], row[2], row[3], row[4], row[5], row[6]
    local about = type(topic) == "table" and topic.prefix .. "..." or topic
    it(("%s of c/%s %s %s to %s/%s"):format(role, about, allowed and "may" or "may not", what,
      cache, name), function()
      local client = guest { { role = role, cache = "c", topic = topic } }
      local code
      if what == "publish" then
        code = select(3, client:publish(cache, name, "x"))
      else
        -- What may be waited for is waited for in vain.
        code = select(3, assert(client:subscribe(cache, name)):receive(allowed and 0.2 or PATIENCE))
        if allowed and code == "TIMEOUT_ERROR" then code = nil end
      end
      assert.equal(not allowed and "PERMISSION_ERROR" or nil, code)
    end)
  end

  it("puts the token's id on what is published with it", function()
    local subscription = assert(owner:subscribe("c", "who"))
    assert(guest(EVERYTHING, "ann"):publish("c", "who", "x"))
    local message = assert(subscription:receive(PATIENCE))
    assert.equal("ann", message.publisher_id)
  end)

  it("ends a poll that waits when its token expires", function()
    local token = assert(owner:vend_token { permissions = EVERYTHING, expires_in = 1 })
    local subscription = assert(connect(token.api_key):subscribe("c", "brief"))
    assert.equal("AUTHENTICATION_ERROR", (select(3, subscription:receive(PATIENCE))))
  end)

  it("is refused to a token", function()
    local token, _, code = guest(EVERYTHING):vend_token { permissions = EVERYTHING, expires_in = 9 }
    assert.is_nil(token)
    assert.equal("PERMISSION_ERROR", code)
  end)

  it("says what the server does not grant", function()
    for _, request in ipairs {
      { permissions = EVERYTHING, expires_in = 90001 },
      { permissions = EVERYTHING, expires_in = 60, token_id = ("x"):rep(65) },
    } do
      local token, message, code = owner:vend_token(request)
      assert.is_nil(token)
      assert.equal("BAD_REQUEST_ERROR", code)
      assert.is_string(message)
    end
  end)

  it("says that a server has no tokens", function()
    local peer = Peer.start { { send = Peer.answer(404, '{"detail":"Not here"}'), close = true } }
    local token, message, code =
      connect("x", peer.url):vend_token { permissions = EVERYTHING, expires_in = 9 }
    assert.is_nil(token)
    assert.equal("NOT_FOUND_ERROR", code)
    assert.truthy(message:find("Not here", 1, true))
    peer:stop()
  end)

  for what, row in pairs {
    ["no table"] = { nil, "permissions are missing" },
    ["no time"] = { { permissions = EVERYTHING }, "expires_in" },
    ["no permission"] = { { permissions = {}, expires_in = 9 }, "at least one" },
    ["an unknown option"] = { { permissions = EVERYTHING, expire_in = 9 }, "expires_in?" },
    ["a role that is none"] =
      { { permissions = { { role = "all", cache = "c", topic = "t" } }, expires_in = 9 }, "role" },
    ["no topic"] = { { permissions = { { role = "publishonly", cache = "c" } }, expires_in = 9 },
      "permission 1 lacks topic" },
    ["a topic that is none"] = { { permissions = { { role = "publishonly", cache = "c",
      topic = { prefx = "a" } } }, expires_in = 9 }, "prefix" },
  } do
    it("raises at its caller for " .. what, function()
      local fine, message = pcall(function() owner:vend_token(row[1]) end)
      assert.is_false(fine)
      assert.truthy(message:find(row[2], 1, true), message)
      assert.truthy(message:find("tokens_spec", 1, true), message)
    end)
  end
end)
