-- The examples as people run them: processes, with the environment that topicsd prints.

local process = require "spec.support.process"
local Topicsd = require "spec.support.topicsd"

local PATIENCE = 30 -- seconds

describe("examples", function()
  local server

  local function start(name, options, ...)
    local words = { process.lua, "examples/" .. name .. ".lua", ... }
    words.stdin = options.stdin
    words.env = {
      MOMENTO_API_KEY = server.api_key, MOMENTO_ENDPOINT = server.url,
      MOMENTO_AUTH_TOKEN = false,
    }
    return process.start(words)
  end

  before_each(function() server = Topicsd.start() end)

  after_each(function() server:stop() end)

  it("publish and subscribe, over a restart of topicsd", function()
    local subscriber = start("subscribe", {}, "my-cache", "chat")
    subscriber:wait_for_output("listening to my%-cache/chat", PATIENCE)
    local publisher = start("publish", {}, "my-cache", "chat", "héllo")
    assert.equal(0, publisher:wait(PATIENCE), publisher:errors())
    assert.equal("published to my-cache/chat: héllo\n", publisher:output())
    subscriber:wait_for_output("1\théllo\n", PATIENCE)
    server:stop()
    subscriber:wait_for_output("connection lost: ", PATIENCE)
    server:restart()
    assert.equal(0, start("publish", {}):wait(PATIENCE))
    subscriber:wait_for_output("1\thello\n", PATIENCE)
    subscriber:wait_for_output("connection restored\n", PATIENCE)
    subscriber:wait_for_output("some messages were missed\n", PATIENCE)
    subscriber:kill "INT"
    assert.equal(130, subscriber:wait(PATIENCE))
    assert.is_nil(subscriber:errors():find("traceback", 1, true))
  end)

  for name, printed in pairs {
    tasks = "red%s+1\n.*green%s+1\n", cqueues = "1%s+hello\n", luv = "1%s+hello\n",
    copas = "1%s+hello\n", update = "1%s+hello\n",
  } do
    it("run: " .. name, function()
      local program = start(name, {})
      assert.equal(0, program:wait(PATIENCE), program:errors())
      assert.matches(printed, program:output())
    end)
  end

  it("run: any_loop", function()
    local program = start("any_loop", {})
    process.wait_until(function()
      assert.equal(0, start("publish", {}, "my-cache", "chat", "hello"):wait(PATIENCE))
      return program:output():find "%d+%s+hello\n" or program:exit_code()
    end, PATIENCE, "what was published")
    assert.matches("%d+%s+hello\n", program:output(), nil, program:errors())
    program:kill "INT"
  end)

  it("copas: ends with what went wrong", function()
    server:stop()
    local program = start("copas", {})
    assert.equal(1, program:wait(PATIENCE), program:errors())
    assert.matches("no connection", program:output(), 1, true)
  end)

  it("any_loop: says that there is no server", function()
    server:stop()
    local program = start("any_loop", {})
    program:wait_for_output("lost%s+.*no connection", PATIENCE)
    program:kill "INT"
  end)

  it("say what is missing when nothing says where", function()
    for _, name in ipairs { "publish", "subscribe", "chat" } do
      local program = process.start { process.lua, "examples/" .. name .. ".lua",
        env = { MOMENTO_API_KEY = false, MOMENTO_AUTH_TOKEN = false, MOMENTO_ENDPOINT = false } }
      assert.not_equal(0, program:wait(PATIENCE))
      assert.matches("set MOMENTO_API_KEY", program:errors(), 1, true)
    end
  end)

  it("chat: two talk, in one process each", function()
    local ann = start("chat", { stdin = "fifo" }, "ann")
    ann:wait_for_output("you are ann in my%-cache/chat", PATIENCE)
    local bob = start("chat", { stdin = "fifo" }, "bob")
    ann:wait_for_output("bob: %(is here%)\n", PATIENCE)
    ann:write "hi bob\nhow are you?\n"
    bob:wait_for_output("ann: hi bob\nann: how are you%?\n", PATIENCE)
    bob:write "fine\n"
    ann:wait_for_output("bob: fine\n", PATIENCE)
    bob:close_stdin()
    assert.equal(0, bob:wait(PATIENCE), bob:errors())
    ann:wait_for_output("bob: %(left%)\n", PATIENCE)
    ann:close_stdin()
    assert.equal(0, ann:wait(PATIENCE), ann:errors())
    assert.is_nil(ann:output():find("ann: ", 1, true))
  end)
end)
