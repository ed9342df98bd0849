-- momento.curl over time: many requests at once, waiting and being woken, giving up, kept
-- connections, and that nothing is left behind.

local Peer = require "spec.support.peer"
local curl = require "momento.curl"
local process = require "spec.support.process"
local socket = require "socket"
local support = require "spec.support.mux"

local unpack = table.unpack or unpack
local answer = Peer.answer

-- Whether the descriptor can be read within so many seconds.
local function readable(fd, seconds)
  local watched = { getfd = function() return fd end, dirty = function() return false end }
  return socket.select({ watched }, nil, seconds)[1] ~= nil
end

describe("a mux", function()
  local peer, mux

  local function start(steps, options)
    peer = Peer.start(steps)
    mux = support.open(peer.url, options)
  end

  local function submit(kind, seconds)
    return assert(mux:submit(kind or "poll", "/topics/c/t", nil, nil, seconds or 60))
  end

  local function submit_and_send(kind, seconds)
    local ticket = submit(kind, seconds)
    support.step_until(mux, function() return mux:sent(ticket) end, "the sending of a request")
    return ticket
  end

  after_each(function()
    if mux then mux:close() end
    if peer then peer:stop() end
    mux, peer = nil, nil
  end)

  describe("that waits", function()
    it("returns when something can be collected, or the time is over", function()
      start { { wait = 0.1, send = answer(200) }, { hold = true } }
      local ticket = submit()
      assert.is_true(mux:step())
      assert.equal(ticket, (mux:collect()))
      submit()
      local before = socket.gettime()
      assert.is_false(mux:step(0.1))
      assert.is_true(socket.gettime() - before >= 0.09)
      assert.is_nil((mux:collect()))
      assert.equal(1, mux:pending())
    end)

    it("does not wait when it is only to look", function()
      start { { hold = true } }
      submit()
      local before = socket.gettime()
      for _ = 1, 100 do mux:step(0) end
      assert.is_true(socket.gettime() - before < 5)
      assert.equal(1, mux:pending())
    end)

    it("is interrupted by a signal", function()
      start { { hold = true } }
      local child = process.start { process.lua, "spec/support/mux_child.lua", "wait", peer.url }
      child:wait_for_output "waiting\n"
      peer:wait_for_requests(1)
      -- A wait that was stopped and goes on counts as interrupted, as one that a handler broke.
      process.wait_until(function()
        child:kill "STOP"
        child:kill "CONT"
        return child:output():match "step nil interrupted\n"
      end, 20, "the interruption")
      assert.equal(0, child:wait())
    end)

    it("lets Ctrl-C through", function()
      start { { hold = true } }
      local child = process.start { process.lua, "spec/support/mux_child.lua", "forever", peer.url }
      child:wait_for_output "waiting\n"
      peer:wait_for_requests(1)
      child:kill "INT"
      assert.equal(1, child:wait())
      assert.matches("interrupted!", child:errors())
    end)
  end)

  describe("that is polled by a loop", function()
    it("is readable when an answer has come", function()
      start { { wait = 0.1, send = answer(200) } }
      local fd = mux:pollfd()
      assert.equal(fd, mux:pollfd())
      local ticket = submit()
      local result
      process.wait_until(function()
        assert.is_true(readable(fd, 20))
        mux:step(0)
        result = { mux:collect() }
        return result[1]
      end)
      assert.same({ ticket, 200, "" }, result)
    end)

    it("is readable when a time-out passes", function()
      start { { hold = true } }
      local fd = mux:pollfd()
      submit("poll", 0.2)
      local result = {}
      process.wait_until(function()
        assert.is_true(readable(fd, 20))
        mux:step(0)
        result = { mux:collect() }
        return result[1]
      end)
      assert.equal("TIMEOUT_ERROR", result[4])
    end)

    it("is readable when a time-out passes before there is a connection", function()
      local origin, close = support.deaf()
      mux = support.open(origin)
      local fd = mux:pollfd()
      submit("poll", 0.2)
      assert.is_true(mux:timeout() <= 0.2)
      assert.is_true(readable(fd, 20))
      support.collect(mux)
      close()
    end)

    it("is readable at once when the end came with the submission", function()
      -- The system refuses to connect to this address.
      mux = support.open "http://255.255.255.255:1"
      local fd = mux:pollfd()
      submit()
      assert.equal(0, mux:pending())
      assert.equal(0, mux:timeout())
      assert.is_true(readable(fd, 20))
      assert.equal("CONNECTION_ERROR", select(4, unpack(support.collect(mux))))
    end)

    it("waits as well as one that is not, and ends at a time-out", function()
      start { { hold = true } }
      mux:pollfd()
      submit_and_send()
      local ticket = submit("poll", 0.2)
      local before = socket.gettime()
      assert.is_true(mux:step())
      assert.is_true(socket.gettime() - before >= 0.15)
      local ended, _, _, code = mux:collect()
      assert.same({ ticket, "TIMEOUT_ERROR" }, { ended, code })
    end)

    it("has an alarm that makes it readable, which steps tell of until it is set anew", function()
      start { { hold = true } }
      local fd = mux:pollfd()
      submit_and_send()
      process.wait_until(function()
        mux:step(0)
        return not readable(fd, 0.1)
      end, 20, "silence")
      mux:alarm(0.2)
      local before = socket.gettime()
      assert.is_false(mux:step(0))
      process.wait_until(function()
        assert.is_true(readable(fd, 20))
        return mux:step(0)
      end)
      assert.is_true(socket.gettime() - before >= 0.19)
      assert.is_true(mux:step(0))
      assert.is_nil((mux:collect()))
      mux:alarm()
      assert.is_false(mux:step(0))
      assert.is_false(readable(fd, 0.1))
    end)

    it("is silent, once a request is out, until there is something to do", function()
      start { { hold = true } }
      local fd = mux:pollfd()
      submit_and_send()
      peer:wait_for_requests(1)
      -- What connecting has left behind may still wake it.
      process.wait_until(function()
        mux:step(0)
        return not readable(fd, 0.3)
      end, 20, "silence")
      assert.is_true(mux:timeout() > 1)
    end)

    it("is woken by a submission and a cancellation only as far as there is work", function()
      start { { hold = true } }
      local fd = mux:pollfd()
      local tickets = {}
      for i = 1, 10 do tickets[i] = submit() end
      support.step_until(mux, function()
        for _, ticket in ipairs(tickets) do
          if not mux:sent(ticket) then return false end
        end
        return true
      end, "ten requests to go out")
      for _, ticket in ipairs(tickets) do assert.is_true(mux:cancel(ticket)) end
      process.wait_until(function()
        mux:step(0)
        return not readable(fd, 0.1)
      end, 20, "silence")
      assert.is_nil(mux:timeout())
    end)
  end)

  describe("with many requests", function()
    it("has three hundred polls wait at once, each on a connection of its own", function()
      start { { wait = 0.5, send = answer(200, "x") } }
      for _ = 1, 300 do submit() end
      assert.equal(300, mux:pending())
      for _ = 1, 300 do assert.equal(200, support.collect(mux)[2]) end
      assert.equal(0, mux:pending())
      assert.equal(300, #peer:requests())
    end)

    it("does not let a publish wait behind polls", function()
      local steps = {}
      for i = 1, 50 do steps[i] = { hold = true } end
      steps[51] = { send = answer(204) }
      start(steps)
      for _ = 1, 50 do submit() end
      process.wait_until(function()
        mux:step(0.05)
        return #peer:requests() == 50
      end, 30, "fifty polls")
      for _ = 1, 20 do assert.equal(204, (support.exchange(mux, "publish", "x"))) end
      assert.equal(50, mux:pending())
    end)

    it("returns each answer with the ticket that it belongs to", function()
      start { { send = answer(200, "x") } }
      local expected = {}
      for i = 1, 100 do expected[submit(i % 2 == 0 and "poll" or "publish")] = true end
      for _ = 1, 100 do
        local ticket = support.collect(mux)[1]
        assert.is_true(expected[ticket])
        expected[ticket] = nil
      end
      assert.is_nil(next(expected))
    end)
  end)

  describe("that keeps connections", function()
    it("uses one for request after request", function()
      start { { send = answer(200) } }
      support.exchange(mux, "publish")
      local before = support.connections(peer.port)
      assert.equal(1, #before)
      for _ = 1, 20 do support.exchange(mux, "publish") end
      assert.same(before, support.connections(peer.port))
    end)

    it("polls again on another when the server closes one", function()
      start { { send = answer(200) }, { close = true }, { send = answer(200, "again") } }
      support.exchange(mux, "poll")
      assert.same({ 200, "again" }, { support.exchange(mux, "poll") })
      assert.equal(3, #peer:requests())
    end)

    for _, how in ipairs { "close", "reset" } do
      it("never repeats a publish that may have arrived: " .. how, function()
        start { { send = answer(200) }, { [how] = true }, { send = answer(200) } }
        support.exchange(mux, "publish", "first")
        local status, message, code, detail = support.exchange(mux, "publish", "second")
        assert.is_nil(status)
        assert.equal("CONNECTION_ERROR", code)
        assert.matches("after the request was sent", message)
        assert.is_nil(detail.unsent)
        assert.is_true(detail.retryable)
        assert.equal(200, (support.exchange(mux, "publish", "third")))
        assert.equal(3, #peer:requests())
        assert.matches("third$", peer:requests()[3])
      end)
    end

    it("does not call a publish unsent when only its repetition found no server", function()
      start { { send = answer(200) }, { hold = true } }
      support.exchange(mux, "publish", "first")
      submit_and_send "publish"
      peer:wait_for_requests(2)
      peer:stop()
      local result = support.collect(mux)
      assert.equal("CONNECTION_ERROR", result[4])
      assert.is_nil(result[5].unsent)
    end)

    it("sends a publish again by itself when its connection had been closed before", function()
      start { { send = answer(200), close = true } }
      for i = 1, 5 do
        assert.equal(200, (support.exchange(mux, "publish")))
        process.wait_until(function()
          return #support.connections(peer.port) == 0
        end, 20, "the peer's close")
        assert.equal(i, #peer:requests())
      end
    end)
  end)

  describe("that gives up", function()
    it("forgets a cancelled request, whose answer then goes nowhere", function()
      start { { wait = 0.2, send = answer(200, "late") } }
      local ticket = submit_and_send()
      assert.is_true(mux:cancel(ticket))
      assert.is_false(mux:cancel(ticket))
      assert.equal(0, mux:pending())
      assert.is_false(mux:step(0.3))
      assert.is_nil((mux:collect()))
      local other = submit()
      assert.is_false(mux:cancel(ticket))
      assert.equal(other, support.collect(mux)[1])
    end)

    it("cancels one of many, and the others go on", function()
      start { { wait = 0.2, send = answer(200) } }
      local kept = {}
      for i = 1, 40 do
        local ticket = submit()
        if i % 2 == 0 then
          kept[ticket] = true
        else
          assert.is_true(mux:cancel(ticket))
        end
      end
      for _ = 1, 20 do
        local ticket = support.collect(mux)[1]
        assert.is_true(kept[ticket])
        kept[ticket] = nil
      end
      assert.equal(0, mux:pending())
    end)

    it("closes with requests in every state, and leaves no descriptor open", function()
      start { { send = answer(200) }, { hold = true } }
      local before = support.descriptors()
      for _ = 1, 5 do
        local other = support.open(peer.url)
        other:pollfd()
        for _ = 1, 30 do other:submit("poll", "/t", nil, nil, 60) end
        other:submit("publish", "/t", "x", nil, 60)
        other:step(0.01)
        other:submit("poll", "/t", nil, nil, 60)
        other:close()
      end
      assert.equal(before, support.descriptors())
    end)

    it("runs out of descriptors and recovers", function()
      start { { hold = true } }
      local few = [[ulimit -n 40; exec "$0" "$@"]]
      local child = process.start {
        "sh", "-c", few, process.lua, "spec/support/mux_child.lua", "exhaust", peer.url,
      }
      assert.equal(0, child:wait(60), child:output() .. child:errors())
      local text = child:output()
      assert.matches("no connection (Too many open files)", text, 1, true)
      assert.matches("CONNECTION_ERROR retryable true unsent true\nsent\n", text, 1, true)
    end)

    -- Look-ups are slow and fail through a shim that is loaded into a child.
    describe("during a slow look-up", function()
      local child, directory

      before_each(function() directory = process.directory() end)

      -- Without what the spec itself was started with: a sanitizer would watch the compiler.
      local function compile(...)
        local command = "env -u LD_PRELOAD cc " .. table.concat({ ... }, " ") .. " 2>&1"
        assert.equal("", process.capture(command))
      end

      local function run_with_shim(words)
        local shim = directory .. "/slow_lookup.so"
        compile("-shared -fPIC -o", shim, "spec/support/slow_lookup.c -ldl")
        local preload = os.getenv "LD_PRELOAD"
        words.env = { LD_PRELOAD = (preload and preload .. ":" or "") .. shim }
        child = process.start(words)
        assert.equal(0, child:wait(60), child:output() .. child:errors())
      end

      local function run(what, origin)
        run_with_shim { process.lua, "spec/support/mux_child.lua", what, origin }
      end

      for _, how in ipairs { "cancel", "close", "timeout" } do
        it("returns promptly from " .. how, function()
          run(how, "http://slow.example")
          local took = tonumber(child:output():match "took ([%d.]+)\n")
          assert.is_true(took < 2)
        end)
      end

      it("lets the Lua state close in a program that lives on", function()
        local lua = type(jit) == "table" and "luajit" or "lua" .. _VERSION:match "%d%.%d"
        local program = directory .. "/unload"
        compile("-o", program, "spec/support/unload.c",
          "$(pkg-config --cflags --libs " .. lua .. ")")
        run_with_shim { program, "spec/support/mux_child.lua", "leave", "http://slow.example" }
        assert.equal("still here\n", child:output())
      end)

      it("tells of a name that is not found: nothing was sent", function()
        run("fail", "http://missing.example")
        local text = child:output()
        assert.matches("CONNECTION_ERROR retryable true unsent true\n", text, 1, true)
        assert.matches("http://missing.example: host name not found .*: check the endpoint", text)
      end)
    end)
  end)

  it("has a clock that goes forward", function()
    local before = curl.now()
    assert.is_true(curl.now() >= before)
  end)
end)
