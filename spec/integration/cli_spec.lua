-- The command line as a shell sees it: words in, output, errors and exit code out.

local Peer = require "spec.support.peer"
local process = require "spec.support.process"
local Topicsd = require "spec.support.topicsd"

local DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

describe("momento on the command line", function()
  local server, environment

  setup(function()
    server = Topicsd.start {}
    environment = {
      MOMENTO_API_KEY = server.api_key, MOMENTO_ENDPOINT = false, MOMENTO_AUTH_TOKEN = false,
    }
  end)

  teardown(Topicsd.stop_all)

  local function start(words, options)
    local line = { process.lua, "bin/momento", env = environment }
    for name, value in pairs(options or {}) do line[name] = value end
    for _, word in ipairs(words) do line[#line + 1] = word end
    return process.start(line)
  end

  -- Runs it to its end: exit code, stdout, stderr.
  local function run(words, options)
    local child = start(words, options)
    local code = child:wait(30)
    return code, child:output(), child:errors()
  end

  local function publish(topic, ...)
    local code, output, errors = run { "publish", "my-cache", topic, ... }
    assert.same({ DONE, "", "" }, { code, output, errors })
  end

  local function subscribe(topic, ...)
    local code, output = run { "subscribe", "my-cache", topic, "--from", "1", ... }
    assert.equal(DONE, code)
    return output
  end

  it("publishes a value and prints it on a line", function()
    publish("plain", "hello")
    publish("plain", "")
    publish("plain", "--", "--not an option")
    assert.equal("hello\n\n--not an option\n", subscribe("plain", "--count", "3"))
  end)

  it("publishes what stdin holds, as it is", function()
    for _, words in ipairs { {}, { "-" } } do
      local code = run({ "publish", "my-cache", "stdin", words[1] }, { stdin = "two\nlines\n" })
      assert.equal(DONE, code)
    end
    assert.equal("two\nlines\n\ntwo\nlines\n\n", subscribe("stdin", "--count", "2"))
  end)

  it("publishes each line of stdin", function()
    assert.equal(DONE,
      (run({ "publish", "my-cache", "lines", "--lines" }, { stdin = "one\n\nthree" })))
    assert.equal("one\n\nthree\n", subscribe("lines", "--count", "3"))
  end)

  it("prints JSON that says everything, binary values in base64", function()
    publish("json", 'a "b"\\\n\1ü')
    assert.equal(DONE,
      (run({ "publish", "my-cache", "json", "--binary" }, { stdin = "a\0b\255" })))
    local output = subscribe("json", "--json", "--count", "2")
    local page = output:match '"sequence_page":(%d+)'
    assert.equal(('{"sequence_number":1,"sequence_page":%s,"type":"text",'):format(page)
      .. '"value":"a \\"b\\"\\\\\\n\\u0001ü"}\n'
      .. ('{"sequence_number":2,"sequence_page":%s,"type":"binary",'):format(page)
      .. '"value":"YQBi/w=="}\n', output)
  end)

  it("starts from the number and page given", function()
    for i = 1, 10 do publish("from", tostring(i)) end
    local page = subscribe("from", "--json", "--count=1"):match '"sequence_page":(%d+)'
    local rows = { { "1", "1\n" }, { "10", "10\n" }, { "007", "7\n" }, { "9:" .. page, "9\n" } }
    for _, row in ipairs(rows) do
      local code, output, errors =
        run { "subscribe", "my-cache", "from", "--from", row[1], "--count", "1" }
      assert.same({ DONE, row[2], "" }, { code, output, errors })
    end
  end)

  it("reports a discontinuity on stderr", function()
    publish("gap", "kept")
    local code, output, errors =
      run { "subscribe", "my-cache", "gap", "--from", "6:7", "--count", "1" }
    assert.same({ DONE, "kept\n" }, { code, output })
    assert.matches("^momento: discontinuity: after message 5 comes 1 of page %d+\n$", errors)
  end)

  it("prints a message as soon as it comes, and ends at Ctrl-C", function()
    local child = start { "subscribe", "my-cache", "live" }
    process.wait_until(function()
      publish("live", "now")
      return child:output() ~= ""
    end, 30, "a message on stdout")
    child:kill "INT"
    assert.equal(INTERRUPTED, child:wait())
    assert.matches("^now\n", child:output())
    assert.equal("", child:errors())
  end)

  it("ends quietly when nobody reads its output", function()
    for i = 1, 3 do publish("pipe", "line " .. i) end
    local command = ("%s bin/momento subscribe my-cache pipe --from 1 --count 3 | head -n 1")
      :format(process.lua)
    local child = process.start { "sh", "-c", command, env = environment }
    assert.equal(DONE, child:wait(30))
    assert.same({ "line 1\n", "" }, { child:output(), child:errors() })
  end)

  it("fails when its output cannot be written", function()
    publish("full", "x")
    local child =
      start({ "subscribe", "my-cache", "full", "--from", "1" }, { stdout = "/dev/full" })
    assert.equal(FAILED, child:wait())
    assert.matches("^momento: stdout: ", child:errors())
  end)

  it("says that the connection is lost, and that it is back", function()
    local peer = Peer.start {
      { reset = true },
      { send = Peer.answer(200, '{"items":[{"item":{"topic_sequence_number":1,'
        .. '"sequence_page":5,"value":{"text":"back"}}}]}') },
      { hold = true },
    }
    local code, output, errors = run { "subscribe", "my-cache", "t", "--count", "1",
      "--endpoint", peer.url }
    assert.same({ DONE, "back\n" }, { code, output })
    assert.matches("^momento: connection lost: .-%(CONNECTION_ERROR%); trying again\n"
      .. "momento: connection restored\n$", errors)
  end)

  describe("fails readably", function()
    local rows = {
      { "unknown cache", { "publish", "nope", "t", "x" }, "Cache not found.*NOT_FOUND_ERROR" },
      { "unknown cache, reading", { "subscribe", "nope", "t" }, "Cache not found" },
      { "bad name", { "publish", "my-cache", "", "x" }, "INVALID_ARGUMENT_ERROR" },
      { "no UTF-8", { "publish", "my-cache", "t", "\255" }, "UTF%-8.*INVALID_ARGUMENT_ERROR" },
      { "bad endpoint", { "publish", "my-cache", "t", "x", "--endpoint", "ftp://x" }, "endpoint" },
      { "no server", { "publish", "my-cache", "t", "x", "--endpoint=http://127.0.0.1:1" },
        "CONNECTION_ERROR" },
    }
    for _, row in ipairs(rows) do
      it(row[1], function()
        local code, output, errors = run(row[2])
        assert.same({ FAILED, "" }, { code, output })
        assert.matches("^momento: [^\n]*" .. row[3] .. "[^\n]*\n$", errors)
      end)
    end

    it("without a key", function()
      local code, _, errors =
        run({ "publish", "my-cache", "t", "x" }, { env = { MOMENTO_API_KEY = false } })
      assert.equal(FAILED, code)
      assert.matches("^momento: no API key", errors)
    end)
  end)

  describe("refuses", function()
    local rows = {
      { "no words", {} },
      { "an unknown command", { "receive", "c", "t" } },
      { "a missing topic", { "publish", "c" } },
      { "too many words", { "publish", "c", "t", "v", "w" } },
      { "a value for subscribe", { "subscribe", "c", "t", "v" } },
      { "an unknown option", { "publish", "c", "t", "v", "--json" } },
      { "a short option", { "publish", "c", "t", "-x" } },
      { "an option without its value", { "subscribe", "c", "t", "--count" } },
      { "an option with an empty value", { "subscribe", "c", "t", "--count=" } },
      { "a value for a switch", { "subscribe", "c", "t", "--json=yes" } },
      { "a count of nothing", { "subscribe", "c", "t", "--count", "0" } },
      { "a count that is none", { "subscribe", "c", "t", "--count", "nan" } },
      { "part of a message", { "subscribe", "c", "t", "--count", "1.5" } },
      { "a timeout below zero", { "publish", "c", "t", "v", "--timeout", "-1" } },
      { "number 0", { "subscribe", "c", "t", "--from", "0" } },
      { "no number", { "subscribe", "c", "t", "--from", "1:" } },
      { "two values for --lines", { "publish", "c", "t", "v", "--lines" } },
    }
    for _, row in ipairs(rows) do
      it(row[1], function()
        local code, output, errors = run(row[2])
        assert.same({ USAGE, "" }, { code, output })
        assert.matches("^momento: [^\n]+; momento %-%-help tells more\n$", errors)
      end)
    end
  end)

  it("explains itself", function()
    local code, output = run { "--help" }
    assert.equal(DONE, code)
    assert.matches("^momento publish CACHE TOPIC", output)
    assert.same({ DONE, "momento " .. require "momento.version" .. "\n", "" },
      { run { "--version" } })
  end)
end)
