-- momento.driver: who gets which result, over a mux without a network; for a blocked caller and for
-- tasks of a scheduler.

local curl = require "momento.curl"
local Driver = require "momento.driver"
local Scheduler = require "momento.loop.scheduler"
local ScriptedMux = require "spec.support.scripted_mux"

local PUC51 = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

local function make()
  local mux = ScriptedMux.new()
  local loop = Scheduler.new()
  return Driver.new(mux, loop, curl.now), mux, loop
end

local function poll(driver)
  return driver:poll "/t"
end

local function publish(driver)
  return driver:publish("/t", "body", "text/plain", 5)
end

describe("momento.driver", function()
  describe("for a blocked caller", function()
    it("passes requests on", function()
      local driver, mux = make()
      mux.on_step = function()
        mux:finish(2, 204, "")
        return true
      end
      assert.equal(1, poll(driver))
      assert.equal(204, (publish(driver)))
      assert.same({ "poll", "/t" }, { mux.submitted[1][1], mux.submitted[1][2] })
      assert.is_true(mux.submitted[1][5] > 86400)
      assert.same({ "publish", "/t", "body", "text/plain", 5 }, mux.submitted[2])
    end)

    it("steps until the result is there, and returns it whole", function()
      local driver, mux = make()
      mux.on_step = function()
        if mux.steps == 3 then mux:finish(1, nil, "m", "CONNECTION_ERROR", {}) end
        return true
      end
      assert.same({ nil, "m", "CONNECTION_ERROR", {} }, { publish(driver) })
      assert.equal(3, mux.steps)
    end)

    it("keeps the results of other polls, and drops those of publishes nobody waits for", function()
      local driver, mux = make()
      local first, second = poll(driver), poll(driver)
      mux.on_step = function() error "Ctrl-C" end
      assert.is_false((pcall(publish, driver)))
      mux.on_step = nil
      mux:finish(second, 200, "two")
      mux:finish(3, 204, "")
      mux:finish(first, 200, "one", 7)
      assert.same({ 200, "one", 7 }, { driver:wait(first) })
      assert.same({ 200, "two" }, { driver:wait(second) })
      assert.same({}, driver.kept_)
    end)

    it("returns false at the deadline, and the ticket is still good", function()
      local driver, mux = make()
      local ticket = poll(driver)
      local limit
      mux.on_step = function(seconds) limit = seconds end
      assert.is_false(driver:wait(ticket, driver.now()))
      assert.equal(0, limit)
      assert.equal(1, mux.steps)
      mux:finish(ticket, 204, "")
      assert.equal(204, (driver:wait(ticket)))
    end)

    it("goes on after a signal, and after an error that ended the wait", function()
      local driver, mux = make()
      local ticket = poll(driver)
      mux.on_step = function()
        if mux.steps == 1 then return nil, "interrupted" end
        error "Ctrl-C"
      end
      assert.is_false((pcall(driver.wait, driver, ticket)))
      assert.equal(2, mux.steps)
      mux.on_step = nil
      assert.is_false(driver:ended(ticket))
      mux:finish(ticket, 200, "kept")
      assert.equal("kept", (select(2, driver:wait(ticket))))
    end)

    it("hands over what ended in a step that a signal ended, too", function()
      local driver, mux = make()
      local ticket = poll(driver)
      mux:finish(ticket, 200, "there")
      mux.on_step = function() return nil, "interrupted" end
      assert.same({ nil, "interrupted" }, { driver:step(1) })
      assert.is_true(driver:ended(ticket))
    end)

    it("forgets what is cancelled", function()
      local driver, mux = make()
      local ticket, other = poll(driver), poll(driver)
      driver:cancel(ticket)
      assert.same({ ticket }, mux.cancelled)
      mux:finish(ticket, 200, "late")
      mux:finish(other, 200, "other")
      assert.equal("other", (select(2, driver:wait(other))))
      assert.same({}, driver.kept_)
    end)

    it("waits until a request is sent", function()
      local driver, mux = make()
      local ticket = poll(driver)
      mux.unsent[ticket] = true
      mux.on_step = function()
        if mux.steps == 2 then mux.unsent[ticket] = nil end
        return true
      end
      assert.is_true((driver:flush(ticket)))
      assert.equal(2, mux.steps)
      assert.is_true((driver:flush(ticket)))
      assert.equal(2, mux.steps)
    end)

    it("does nothing once closed", function()
      local driver, mux = make()
      local ticket = poll(driver)
      driver:close()
      driver:close()
      assert.is_true(mux.closed)
      for _, call in ipairs {
        function() return publish(driver) end,
        function() return driver:wait(ticket) end,
        function() return driver:flush(ticket) end,
        function() return driver:sleep(1, {}) end,
        function() return driver:step(1) end,
      } do
        local result, message, code = call()
        assert.is_nil(result)
        assert.equal("the client is closed", message)
        assert.equal("CANCELLED_ERROR", code)
      end
      driver:cancel(ticket)
      assert.equal(0, driver:pending())
      assert.is_nil(driver:pollfd())
    end)
  end)

  describe("for tasks", function()
    it("suspends the task and resumes it with its result", function()
      local driver, mux, loop = make()
      local order = {}
      loop:spawn(function()
        local ticket = poll(driver)
        order[#order + 1] = "asked"
        local _, body = driver:wait(ticket)
        order[#order + 1] = body
      end)
      loop:run(function()
        order[#order + 1] = "other"
        mux:finish(1, 200, "answered")
      end)
      assert.same({ "asked", "other", "answered" }, order)
    end)

    it("does not suspend for an answer that is there", function()
      local driver, mux, loop = make()
      loop:run(function()
        local ticket = poll(driver)
        mux:finish(ticket, 200, "there")
        driver:step(0)
        local turns = mux.steps
        assert.equal("there", (select(2, driver:wait(ticket))))
        assert.equal(turns, mux.steps)
      end)
    end)

    it("lets others run after 32 answers that were there", function()
      local driver, mux, loop = make()
      local taken, seen = 0, nil
      loop:spawn(function()
        for _ = 1, 200 do
          local ticket = poll(driver)
          mux:finish(ticket, 200, "there")
          driver:step(0)
          driver:wait(ticket)
          taken = taken + 1
        end
      end)
      loop:run(function()
        loop:sleep(0)
        seen = taken
      end)
      assert.is_true(seen < 64, ("%d were taken before the other ran"):format(seen))
      assert.equal(200, taken)
    end)

    -- Loops need not be able to suspend for a driver that nobody has told them to watch.
    it("is watched by the loop whenever a task is suspended", function()
      local driver, mux, loop = make()
      local watched, suspended = 0, 0
      loop.watch = function(...)
        watched = watched + 1
        return Scheduler.watch(...)
      end
      loop.unwatch = function(...)
        watched = watched - 1
        return Scheduler.unwatch(...)
      end
      loop.suspend = function(...)
        suspended = suspended + 1
        assert.equal(1, watched)
        return Scheduler.suspend(...)
      end
      loop:run(function()
        for _ = 1, 100 do
          local ticket = poll(driver)
          mux:finish(ticket, 200, "there")
          driver:step(0)
          driver:wait(ticket)
        end
        driver:sleep(0, {})
      end)
      assert.is_true(suspended > 1)
      assert.equal(0, watched)
    end)

    it("gives a cancelled task an error that asks to unwind, and leaves its poll", function()
      local driver, mux, loop = make()
      local got
      local task = loop:spawn(function() got = { driver:wait(poll(driver)) } end)
      loop:run(function() task:cancel() end)
      assert.equal("CANCELLED_ERROR", got[3])
      assert.is_true(got[4].unwind)
      assert.same({}, mux.cancelled)
      assert.same({}, driver.waiters_)
      assert.equal(0, driver.waiting_)
    end)

    it("ends the publish of a cancelled task", function()
      local driver, mux, loop = make()
      local got
      local task = loop:spawn(function() got = { publish(driver) } end)
      loop:run(function() task:cancel() end)
      assert.equal("CANCELLED_ERROR", got[3])
      assert.is_true(got[4].unwind)
      assert.same({ 1 }, mux.cancelled)
    end)

    it("prefers a result that came before the cancel", function()
      local driver, mux, loop = make()
      local got
      local task = loop:spawn(function() got = driver:wait(poll(driver)) end)
      loop:run(function()
        mux:finish(1, 200, "body")
        driver:step(0)
        task:cancel()
      end)
      assert.equal(200, got)
    end)

    it("wakes who waits for what another cancels or closes", function()
      for _, finish in ipairs {
        function(driver, ticket) driver:cancel(ticket) end,
        function(driver) driver:close() end,
      } do
        local driver, _, loop = make()
        local ticket, code
        loop:spawn(function()
          ticket = poll(driver)
          code = select(3, driver:wait(ticket))
        end)
        loop:run(function()
          finish(driver, ticket)
          assert.is_nil(code) -- not inside the call
        end)
        assert.equal("CANCELLED_ERROR", code)
      end
    end)

    it("ends a sleep by its key", function()
      local driver, _, loop = make()
      local key, code = {}, nil
      loop:spawn(function() code = select(3, driver:sleep(1e6, key)) end)
      loop:run(function() driver:cancel(key) end)
      assert.equal("CANCELLED_ERROR", code)
    end)

    it("refuses a second reader", function()
      local driver, mux, loop = make()
      local ticket, problem
      loop:spawn(function()
        ticket = poll(driver)
        driver:wait(ticket)
      end)
      loop:run(function()
        problem = select(2, pcall(driver.wait, driver, ticket))
        mux:finish(ticket, 200, "")
      end)
      assert.matches(PUC51 and "subscription:receive" or "one reader", problem)
    end)

    it("refuses before it sends what cannot be waited for, and leaks nothing", function()
      local driver, mux, loop = make()
      local problem
      loop:run(function()
        -- A comparator is called by C, on every Lua.
        problem = select(2, pcall(table.sort, { 1, 2 }, function() publish(driver) end))
      end)
      assert.matches("subscription:receive()", problem, 1, true)
      assert.equal(0, #mux.submitted)
      assert.equal(0, driver.waiting_)
    end)

    it("can wait inside pcall, except on PUC 5.1, which is told", function()
      local driver, mux, loop = make()
      local fine, result
      loop:spawn(function()
        fine, result = pcall(function() return driver:wait(poll(driver)) end)
      end)
      loop:run(function() mux:finish(1, 200, "body") end)
      if PUC51 then
        assert.is_false(fine)
        assert.matches("subscription:receive()", result, 1, true)
        assert.equal(0, driver.waiting_)
      else
        assert.is_true(fine)
        assert.equal(200, result)
      end
    end)

    it("refuses a coroutine that is not the task itself", function()
      local driver, mux, loop = make()
      local fine, problem
      loop:run(function()
        fine, problem = coroutine.resume(coroutine.create(function() return publish(driver) end))
      end)
      assert.is_false(fine)
      assert.matches("subscription:receive()", problem, 1, true)
      assert.equal(0, #mux.submitted)
    end)
  end)
end)
