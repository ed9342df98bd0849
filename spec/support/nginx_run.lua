-- The side of spec/support/nginx.lua that is inside nginx: runs the Lua code that a request brings,
-- and answers with its results as a JSON array, or with 500 and the error.

local cjson = require "cjson"
local semaphore = require "ngx.semaphore"

local ngx = ngx

local run = {}

local function load_body()
  ngx.req.read_body()
  return assert(loadstring(ngx.req.get_body_data(), "=code"))
end

local function collect(sound, ...)
  if not sound then return 500, tostring((...)) end
  local results = { ... }
  for index = 1, select("#", ...) do
    if results[index] == nil then results[index] = cjson.null end
  end
  return 200, #results == 0 and "[]" or cjson.encode(results)
end

local function answer(status, body)
  ngx.status = status
  ngx.print(body)
  return ngx.exit(ngx.HTTP_OK)
end

--- Runs it in the phase that calls this.
function run.here() return answer(collect(xpcall(load_body(), debug.traceback))) end

run.content = run.here

--- Runs it in a timer.
function run.timer()
  local code, done = load_body(), semaphore.new()
  local status, body
  assert(ngx.timer.at(0, function()
    status, body = collect(xpcall(code, debug.traceback))
    done:post()
  end))
  assert(done:wait(60))
  return answer(status, body)
end

return run
