-- momento.run, spawn and sleep: the scheduler, without requests.

local curl = require "momento.curl"
local momento = require "momento"
local Scheduler = require "momento.loop.scheduler"
local Timers = require "momento.loop.timers"

describe("momento.loop.timers", function()
  it("gives the earliest first, whatever is taken out", function()
    for _, seed in ipairs { 1, 2, 3, 4, 5 } do
      local state = seed
      local function random(limit)
        state = (state * 16807) % 2147483647
        return state % limit + 1
      end
      local timers, tasks, left = Timers.new(), {}, {}
      for i = 1, 200 do
        tasks[i] = {}
        timers:add(tasks[i], random(50))
        left[tasks[i]] = true
      end
      for _ = 1, 100 do
        local task = tasks[random(200)]
        timers:remove(task)
        left[task] = nil
      end
      local before = 0
      while timers:first() do
        local task = timers:first()
        assert.is_true(task.at >= before)
        assert.is_true(left[task])
        before = task.at
        timers:remove(task)
        left[task] = nil
      end
      assert.is_nil(next(left))
      assert.equal(0, timers.count)
    end
  end)
end)

describe("momento.run", function()
  it("passes arguments on, nils too, and ends when all have ended", function()
    local seen = {}
    momento.run(function(...)
      seen.run = { n = select("#", ...), ... }
      momento.spawn(function(...)
        momento.sleep(0.001)
        seen.spawn = { n = select("#", ...), ... }
      end, nil, 2, nil)
    end, 1, nil)
    assert.same({ n = 2, 1 }, seen.run)
    assert.same({ n = 3, nil, 2 }, seen.spawn)
  end)

  it("runs what was spawned before it", function()
    local ran = false
    momento.spawn(function() ran = true end)
    assert.is_false(ran)
    momento.run(function() end)
    assert.is_true(ran)
  end)

  it("runs tasks in the order they were spawned, and those who sleep in order of time", function()
    local order = {}
    momento.run(function()
      for i, seconds in ipairs { 0.03, 0.01, 0.02 } do
        momento.spawn(function()
          order[#order + 1] = "s" .. i
          momento.sleep(seconds)
          order[#order + 1] = "e" .. i
        end)
      end
    end)
    assert.equal("s1 s2 s3 e2 e3 e1", table.concat(order, " "))
  end)

  it("sleeps as long as it was told, in a task and outside", function()
    local function slept()
      local before = curl.now()
      momento.sleep(0.02)
      return curl.now() - before
    end
    assert.is_true(slept() >= 0.02)
    local inside
    momento.run(function() inside = slept() end)
    assert.is_true(inside >= 0.02)
  end)

  it("lets others run when a task yields by itself", function()
    local order = {}
    momento.run(function()
      for _, name in ipairs { "a", "b" } do
        momento.spawn(function()
          for i = 1, 2 do
            order[#order + 1] = name .. i
            coroutine.yield()
          end
        end)
      end
    end)
    assert.equal("a1 b1 a2 b2", table.concat(order, " "))
  end)

  it("waits for descriptors, in a task and outside, beside other tasks", function()
    local socket = require "socket"
    local listener = assert(socket.bind("127.0.0.1", 0))
    local fd, order = listener:getfd(), {}
    assert.is_false(momento.readable(fd, 0))
    momento.run(function()
      momento.spawn(function()
        assert.is_false(momento.readable(fd, 0.001))
        order[#order + 1] = "waits"
        assert.is_true(momento.readable(fd))
        order[#order + 1] = "readable"
      end)
      local cancelled = momento.spawn(function() momento.readable(fd) end)
      momento.sleep(0.02)
      cancelled:cancel()
      order[#order + 1] = "connects"
      local host, port = listener:getsockname()
      local connection = assert(socket.connect(host, port))
      momento.sleep(0)
      connection:close()
    end)
    assert.same({ "waits", "connects", "readable" }, order)
    assert.is_true(momento.readable(fd))
    assert.is_true(momento.readable(fd, 30))
    listener:close()
  end)

  it("tells of a descriptor that is not open, in a task and outside", function()
    local results = { { momento.readable(1000000) } }
    momento.run(function()
      momento.spawn(function() momento.sleep(0.01) end)
      for i = 2, 3 do
        momento.spawn(function() results[i] = { momento.readable(1000000, 30) } end)
      end
    end)
    for i = 1, 3 do
      assert.same({ nil, "readable: descriptor 1000000 is not open", "INVALID_ARGUMENT_ERROR",
        { retryable = false } }, results[i])
    end
  end)

  describe("errors", function()
    it("come out with the traceback of where they happened", function()
      local function deep() error "boom" end
      local fine, message = pcall(momento.run, function()
        momento.spawn(function()
          momento.sleep(0)
          deep()
        end)
        momento.sleep(1e6)
      end)
      assert.is_false(fine)
      assert.matches("scheduler_spec.lua:%d+: boom\n.*traceback.*deep", message)
    end)

    it("come out as they are when they are no strings", function()
      local mine = {}
      local fine, message = pcall(momento.run, function() error(mine) end)
      assert.is_false(fine)
      assert.equal(mine, message)
    end)

    it("end all the other tasks, and leave nothing behind", function()
      local unwound, others = 0, {}
      assert.is_false((pcall(momento.run, function()
        for i = 1, 3 do
          others[i] = momento.spawn(function()
            momento.sleep(1e6)
            unwound = unwound + 1
          end)
        end
        others[4] = momento.spawn(function() while true do coroutine.yield() end end)
        momento.sleep(0)
        error "boom"
      end)))
      assert.equal(0, unwound)
      for _, task in ipairs(others) do assert.is_true(task:ended()) end
      local ran = false
      momento.run(function() ran = true end)
      assert.is_true(ran)
    end)

    it("of arguments raise", function()
      for _, row in ipairs {
        { "spawn: a function", function() momento.spawn(1) end },
        { "run: a function", function() momento.run "x" end },
        { "sleep: .* got string", function() momento.sleep "1" end },
        { "sleep: .* got NaN", function() momento.sleep(0 / 0) end },
        { "sleep: .* got NaN", function() momento.run(momento.sleep, 0 / 0) end },
        { "readable: a descriptor", function() momento.readable "0" end },
        { "readable: a descriptor", function() momento.readable(-1, 0) end },
        { "readable: .* seconds .* string", function() momento.readable(0, "0") end },
        { "running already", function() momento.run(function() momento.run(print) end) end },
      } do
        local fine, message = pcall(row[2])
        assert.is_false(fine)
        assert.matches(row[1], message)
      end
    end)
  end)

  describe("cancel", function()
    it("ends a task where it waits", function()
      local reached = false
      local task
      momento.run(function()
        task = momento.spawn(function()
          momento.sleep(1e6)
          reached = true
        end)
        momento.sleep(0)
        assert.is_false(task:ended())
        task:cancel()
        task:cancel()
      end)
      assert.is_true(task:ended())
      assert.is_false(reached)
      task:cancel()
    end)

    it("ends a task that has not begun", function()
      local began = false
      momento.run(function()
        momento.spawn(function() began = true end):cancel()
      end)
      assert.is_false(began)
    end)

    it("ends the running task at its next wait", function()
      local steps = {}
      momento.run(function()
        local task
        task = momento.spawn(function()
          task:cancel()
          steps[#steps + 1] = "before"
          momento.sleep(0)
          steps[#steps + 1] = "after"
        end)
      end)
      assert.same({ "before" }, steps)
    end)

    it("lets other errors of the task out", function()
      local fine, message = pcall(momento.run, function()
        local task = momento.spawn(function()
          coroutine.yield()
          error "boom"
        end)
        momento.sleep(0)
        task:cancel()
      end)
      assert.is_false(fine)
      assert.matches("boom", message)
    end)
  end)
end)

describe("momento.loop.scheduler", function()
  it("runs each task once a turn, and keeps the rest when one fails", function()
    local scheduler = Scheduler.new()
    local order = {}
    scheduler:spawn(function() order[#order + 1] = "a" end)
    scheduler:spawn(function() error "boom" end)
    scheduler:spawn(function() order[#order + 1] = "c" end)
    assert.is_false((pcall(scheduler.turn, scheduler, 0)))
    assert.same({ "a" }, order)
    scheduler:turn(0)
    assert.same({ "a", "c" }, order)
  end)
end)
