-- The hub: many listeners of one nginx worker on one poll, whenever they come and wherever they
-- resume, without a gap or a duplicate.

local Nginx = require "spec.support.nginx"
if Nginx.elsewhere then return end

local Stream = require "spec.support.stream"
local Topicsd = require "spec.support.topicsd"
local http = require "spec.support.http"
local mime = require "mime"
local process = require "spec.support.process"
local socket = require "socket"

-- Streams what a listener gets: "value number", with " gap" where one came before it, and gaps as
-- they are told: "gap LAST NEW".
local listen = [[
location = /listen {
  content_by_lua_block {
    local args = ngx.req.get_uri_args()
    local listener, message, code = require "momento.ngx.hub".subscribe(client_of(args),
      args.cache or "my-cache", args.topic, {
        resume = args.number and { sequence_number = args.number, sequence_page = args.page },
        backlog = tonumber(args.backlog),
        on_discontinuity = function(gap)
          ngx.say("gap ", gap.last_sequence_number, " ", gap.new_sequence_number)
          ngx.flush(true)
        end,
      })
    ngx.say(listener and "listening" or code .. " " .. message)
    ngx.flush(true)
    while listener do
      message, _, code = listener:receive()
      if not message then return ngx.say(code) end
      ngx.say(message.value, " ", message.sequence_number,
        message.discontinuity and " gap" or "")
      ngx.flush(true)
      while args.gate and not gates[args.gate] do ngx.sleep(0.02) end
    end
  }
}
location = /open { content_by_lua_block { gates[ngx.var.arg_gate] = true } }
location = /polls {
  content_by_lua_block {
    local polls, wanted = 0, ngx.req.get_uri_args().topic
    for name, client in pairs(clients) do
      if name:find(wanted, 1, true) == 1 then polls = polls + client:stats().pending end
    end
    ngx.print(polls)
  }
}
]]

local clients = [[
init_by_lua_block {
  clients, gates = {}, {}
  function client_of(args)
    local name = args.topic .. " " .. args.key
    clients[name] = clients[name] or assert(require "momento".client { api_key = args.key })
    return clients[name]
  end
}
]]

describe("the hub", function()
  local topicsd, nginx, wrong_key
  local topics, topic = 0, nil
  local streams = {}

  setup(function()
    topicsd = Topicsd.start { "--hold", "30", "--api-key", "first", "--api-key", "second" }
    wrong_key = mime.b64(('{"endpoint":"%s","api_key":"wrong"}'):format(topicsd.url))
    nginx = Nginx.start { http = clients, server = listen }
  end)

  teardown(function()
    nginx:stop()
    Topicsd.stop_all()
  end)

  before_each(function()
    topics = topics + 1
    topic = "topic-" .. topics
  end)

  after_each(function()
    for _, stream in ipairs(streams) do stream:close() end
    streams = {}
  end)

  local function open(options, server)
    local query = {}
    options = options or {}
    options.key, options.topic = options.key or topicsd.api_key, options.topic or topic
    for name, value in pairs(options) do
      query[#query + 1] = name .. "=" .. tostring(value):gsub("%W", function(byte)
        return ("%%%02X"):format(byte:byte())
      end)
    end
    local stream = Stream.open(server or nginx, "/listen?" .. table.concat(query, "&"))
    streams[#streams + 1] = stream
    return stream
  end

  local function listener(options, server)
    local stream = open(options, server)
    assert.equal("listening", stream:line())
    return stream
  end

  local function publish(first, last)
    for number = first, last or first do
      local status = http.request(topicsd.url .. "/topics/my-cache/" .. topic, {
        method = "POST", body = "v" .. number, headers = { Authorization = topicsd.key },
      })
      assert.equal(204, status)
    end
  end

  local function page_of()
    local _, _, body = http.request(topicsd.url .. "/topics/my-cache/" .. topic
      .. "?sequence_number=1", { headers = { Authorization = topicsd.key } })
    return body:match '"sequence_page":%s*(%d+)'
  end

  local function values(first, last)
    local lines = {}
    for number = first, last do lines[#lines + 1] = ("v%d %d"):format(number, number) end
    return table.concat(lines, "\n")
  end

  local function wait_for_polls(count)
    local polls
    process.wait_until(function()
      local _, _, body = http.request(nginx.url .. "/polls?topic=" .. topic .. "%20")
      polls = tonumber(body)
      return polls == count
    end, 30, function() return ("%d polls; there are %d"):format(count, polls) end)
  end

  it("brings what is published to all, over one connection", function()
    local all = {}
    for index = 1, 5 do all[index] = listener() end
    publish(1, 3)
    for _, stream in ipairs(all) do assert.equal(values(1, 3), stream:lines(3)) end
    wait_for_polls(1)
  end)

  it("ends the poll when the last one leaves, and starts it again", function()
    for round = 1, 2 do
      local one, two = listener(), listener()
      wait_for_polls(1)
      one:close()
      publish(round)
      assert.equal(values(round, round), two:line())
      two:close()
      wait_for_polls(0)
    end
  end)

  it("serves who resumes from an older position, then lets them join", function()
    listener()
    publish(1, 9)
    local late = listener { number = 4, page = page_of() }
    assert.equal(values(5, 9), late:lines(5))
    publish(10)
    assert.equal(values(10, 10), late:line())
    wait_for_polls(1)
  end)

  it("serves who resumes from before its backlog out of a poll of their own", function()
    listener { backlog = 2 }
    publish(1, 9)
    local late = listener { number = 2, page = page_of(), backlog = 2 }
    assert.equal(values(3, 9), late:lines(7))
    publish(10, 12)
    assert.equal(values(10, 12), late:lines(3))
    wait_for_polls(1)
  end)

  it("serves who resumes by a number alone", function()
    listener()
    publish(1, 5)
    local late = listener { number = 2, page = 0 }
    assert.equal(values(3, 5), late:lines(3))
    publish(6, 7)
    assert.equal(values(6, 7), late:lines(2))
    wait_for_polls(1)
  end)

  it("starts at the position of whoever comes first", function()
    publish(1, 5)
    local first = listener { number = 1, page = page_of() }
    assert.equal(values(2, 5), first:lines(4))
    local same = listener { number = 1, page = page_of() }
    assert.equal(values(2, 5), same:lines(4))
    publish(6)
    assert.equal(values(6, 6), first:line())
    assert.equal(values(6, 6), same:line())
    wait_for_polls(1)
  end)

  it("gives a newcomer nothing of what others catch up with", function()
    publish(1, 3)
    local resumed = listener { number = 0, page = page_of() }
    local fresh = listener()
    assert.equal(values(1, 3), resumed:lines(3))
    publish(4)
    assert.equal(values(4, 4), resumed:line())
    assert.equal(values(4, 4), fresh:line())
  end)

  it("tells a position ahead of the topic, and loses nothing after it", function()
    listener()
    publish(1, 3)
    local ahead = listener { number = 1000, page = page_of() }
    assert.equal("gap 3 4", ahead:line())
    wait_for_polls(1)
    publish(4, 5)
    assert.equal("v4 4 gap\nv5 5", ahead:lines(2))
  end)

  it("tells a page that is over, with all that the new one has", function()
    listener()
    publish(1, 3)
    local old = listener { number = 7, page = 5 }
    assert.equal("gap 7 1\nv1 1 gap\nv2 2\nv3 3", old:lines(4))
    publish(4)
    assert.equal(values(4, 4), old:line())
  end)

  it("lets a reader that is slow miss the oldest, and says so", function()
    local slow = listener { backlog = 4, gate = "slow" }
    local quick = listener { backlog = 4 }
    publish(1)
    assert.equal("v1 1\nv1 1", slow:line() .. "\n" .. quick:line())
    for number = 2, 30 do
      publish(number)
      assert.equal(values(number, number), quick:line())
    end
    assert.equal(200, (http.request(nginx.url .. "/open?gate=slow")))
    assert.equal("gap 1 27\nv27 27 gap\nv28 28\nv29 29\nv30 30", slow:lines(5))
    publish(31)
    assert.equal("v31 31", slow:line())
  end)

  it("brings a final error to all, and starts anew for the next one", function()
    for key, code in pairs {
      [topicsd.api_key] = "NOT_FOUND_ERROR",
      [wrong_key] = "AUTHENTICATION_ERROR",
    } do
      local all = {}
      for index = 1, 3 do all[index] = listener { cache = "nowhere", key = key } end
      for _, stream in ipairs(all) do
        assert.equal(code, stream:line())
        assert.is_nil(stream:line())
      end
      assert.equal(code, listener({ cache = "nowhere", key = key }):line())
    end
  end)

  it("refuses names and positions that no server needs to see", function()
    for _, options in ipairs { { topic = "a\0b" }, { cache = "\n" }, { number = "x", page = 1 } } do
      assert.truthy(open(options):line():find "^INVALID_ARGUMENT_ERROR")
    end
    wait_for_polls(0)
  end)

  it("brings all over a restart of the server", function()
    local all = { listener(), listener() }
    publish(1, 2)
    for _, stream in ipairs(all) do assert.equal(values(1, 2), stream:lines(2)) end
    local page = page_of()
    topicsd:restart()
    publish(1)
    for _, stream in ipairs(all) do assert.equal("gap 2 1\nv1 1 gap", stream:lines(2)) end
    -- Who comes back with a position of before the restart is told of it as well.
    local late = listener { number = 2, page = page }
    assert.equal("gap 2 1\nv1 1 gap", late:lines(2))
    publish(2)
    all[3] = late
    for _, stream in ipairs(all) do assert.equal("v2 2", stream:line()) end
    wait_for_polls(1)
  end)

  it("reaches 200 listeners with one publish over one connection", function()
    local all = {}
    for index = 1, 200 do all[index] = listener() end
    wait_for_polls(1)
    publish(1)
    for _, stream in ipairs(all) do assert.equal("v1 1", stream:line()) end
    wait_for_polls(1)
  end)

  it("leaves a worker that exits free to go", function()
    local other = Nginx.start { http = clients, server = listen }
    local all = {}
    for index = 1, 200 do all[index] = listener({}, other) end
    local before = socket.gettime()
    other:signal "QUIT"
    assert.equal(0, other.process:wait(30))
    assert.is_true(socket.gettime() - before < 10)
    for _, stream in ipairs(all) do assert.equal("CANCELLED_ERROR", stream:line()) end
    other:stop()
  end)
end)
