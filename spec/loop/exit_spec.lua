-- Programs that end, or are torn down, while something is under way: no loop may crash or hang.

local process = require "spec.support.process"
local Topicsd = require "spec.support.topicsd"

local lua = os.getenv "LUA_BIN"

-- What each loop needs: how to make it, start a coroutine, and run for a short while.
local LOOPS = {
  scheduler = [[
    local loop
    local function start(f) momento.spawn(f) end
    local function run() momento.spawn(function() momento.sleep(0.05) error("stop", 0) end)
      pcall(momento.run, function() end) end
  ]],
  cqueues = [[
    local cq = require "cqueues".new()
    local loop = require "momento.loop.cqueues" (cq)
    local function start(f) cq:wrap(f) end
    local function run() for _ = 1, 5 do cq:step(0.01) end end
  ]],
  luv = [[
    local uv = require "luv"
    local loop = require "momento.loop.luv" (uv)
    local function start(f) coroutine.wrap(f)() end
    local function run()
      local timer = uv.new_timer()
      timer:start(50, 0, function() uv.stop() end)
      uv.run()
    end
  ]],
  copas = [[
    package.path = package.path .. ";/usr/share/lua/5.1/?.lua"
    local copas = require "copas"
    local loop = require "momento.loop.copas" (copas)
    local function start(f) copas.addthread(f) end
    local function run() for _ = 1, 5 do copas.step(0.01) end end
  ]],
  update = [[
    local loop = "update"
    local function start(f) f() end
    local function run() for _ = 1, 200 do client:update() end end
  ]],
}

-- What is under way when the program does what the second part says.
local WAITS = {
  ["a receive"] = [[ client:subscribe("c", "t"):receive() ]],
  ["a publish"] = [[ client:publish("c", "t", "x") ]],
  ["a retry"] = [[ assert(momento.client { api_key = "x", endpoint = "http://127.0.0.1:1",
    loop = loop }):subscribe("c", "t"):receive() ]],
}

local ENDS = {
  ["ends"] = "",
  ["closes the client and ends"] = "client:close()",
  ["closes it, runs on and ends"] = "client:close() if loop ~= 'update' then run() end",
  ["lets the collector have all"] = "client = nil collectgarbage() collectgarbage()",
}

describe("a program", function()
  local server

  setup(function() server = Topicsd.start { "--cache", "c" } end)
  teardown(function()
    process.stop_all()
    Topicsd.stop_all()
  end)

  for loop, code in pairs(LOOPS) do
    for wait, waiting in pairs(WAITS) do
      for what, ending in pairs(ENDS) do
        it(("on %s that %s with %s under way"):format(loop, what, wait), function()
          if loop == "update" then
            waiting = wait == "a publish" and [[ client:publish("c", "t", "x") ]]
              or [[ client:subscribe("c", "t", { on_message = print }) ]]
          end
          local program = table.concat {
            [[local momento = require "momento" local client ]], code,
            [[client = assert(momento.client { loop = loop })
            start(function() ]], waiting, [[ end)
            run() ]], ending, [[ io.stdout:write("end") io.stdout:flush() ]],
          }
          local child = process.start {
            lua, "-e", program,
            env = { MOMENTO_ENDPOINT = server.url, MOMENTO_API_KEY = server.api_key },
          }
          local exit = child:wait(30)
          assert.equal(0, exit, child:output() .. child:errors())
          assert.equal("end", child:output())
        end)
      end
    end
  end
end)
