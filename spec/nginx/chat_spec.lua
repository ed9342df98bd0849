-- The chat site of examples/openresty: its two handlers as HTTP, then two real browsers that talk
-- while nginx and topicsd go away and come back.

local Nginx = require "spec.support.nginx"
if Nginx.elsewhere then return end

local Stream = require "spec.support.stream"
local Topicsd = require "spec.support.topicsd"
local chat_site = require "spec.support.chat_site"
local cjson = require "cjson"
local http = require "spec.support.http"
local process = require "spec.support.process"

describe("the chat site", function()
  local topicsd, nginx

  before_each(function()
    topicsd = Topicsd.start {}
    nginx = chat_site.start { api_key = topicsd.api_key }
  end)

  after_each(function()
    nginx:stop()
    Topicsd.stop_all()
  end)

  local function say(body, headers)
    local status, _, answer = http.request(nginx.url .. "/say", {
      body = body, headers = headers or { ["Content-Type"] = "application/json" },
    })
    return status, answer
  end

  local function message(text)
    return cjson.encode { id = "id of " .. text, name = "Ann", text = text }
  end

  -- The next event as "type id text", beats left out.
  local function event(stream)
    local fields = { event = "message" }
    for line in function() return stream:line() end do
      local name, value = line:match "^(%w+): ?(.*)$"
      if line == "" and fields.data and fields.event ~= "beat" then break end
      if line == "" then fields = { event = "message" } end
      if name then fields[name] = value end
    end
    local text = fields.event == "message" and cjson.decode(fields.data).text
    return fields.event .. (text and " " .. text or ""), fields.id
  end

  it("brings what is said to every listener, and resumes after an id", function()
    assert.equal(204, (say(message "before")))
    local first = Stream.open(nginx, "/events")
    assert.equal("text/event-stream", first.headers["content-type"])
    assert.equal("retry: 1000", first:line())
    assert.equal("gap", (event(first)))
    local text, id = event(first)
    assert.equal("message before", text)
    assert.equal("live", (event(first)))
    for _, word in ipairs { "one", "two", "three" } do
      assert.equal(204, (say(message(word))))
      assert.equal("message " .. word, (event(first)))
    end
    first:close()
    for _, path in ipairs { "/events?after=" .. id, "/events" } do
      local last = path == "/events" and id or nil
      local again = Stream.open(nginx, path, { ["Last-Event-ID"] = last })
      for _, word in ipairs { "one", "two", "three" } do
        assert.equal("message " .. word, (event(again)))
      end
      assert.equal("live", (event(again)))
      again:close()
    end
  end)

  it("refuses what is no message, and tells why", function()
    local json = { ["Content-Type"] = "application/json; charset=utf-8" }
    for _, row in ipairs {
      { "", json, 400 }, { "[]", json, 400 }, { "{", json, 400 },
      { cjson.encode { id = "1", name = " ", text = "x" }, json, 400 },
      { cjson.encode { id = 1, name = "Ann", text = "x" }, json, 400 },
      { cjson.encode { id = "1", name = "Ann", text = ("x"):rep(3601) }, json, 400 },
      { message "x", { ["Content-Type"] = "text/plain" }, 415 },
      { ("x"):rep(9000), json, 413 },
    } do
      assert.equal(row[3], (say(row[1], row[2])))
    end
    assert.equal(405, (http.request(nginx.url .. "/say")))
    assert.equal(204, (say(message "x", json)))
  end)

  it("shows what others publish to the topic as text, whatever it is", function()
    local stream = Stream.open(nginx, "/events")
    for _, body in ipairs { "plain\ntext", '{"text":5}', '{"text":"said","name":7}' } do
      http.request(topicsd.url .. "/topics/my-cache/lobby",
        { body = body, headers = { Authorization = topicsd.key } })
    end
    local texts = {}
    while #texts < 3 do
      local text = event(stream):match "^message (.*)$"
      texts[#texts + 1] = text
    end
    assert.same({ "plain\ntext", '{"text":5}', "said" }, texts)
    stream:close()
  end)

  it("never lets the key out", function()
    local stream = Stream.open(nginx, "/events")
    say(message "x")
    local seen = { stream:line(), stream:line(), stream:line() }
    for _, path in ipairs { "/", "/chat.js", "/stream.js", "/outbox.js", "/list.js" } do
      local status, _, body = http.request(nginx.url .. path)
      assert.equal(200, status)
      seen[#seen + 1] = body
    end
    stream:close()
    local all = table.concat(seen)
    for _, secret in ipairs { topicsd.key, topicsd.api_key } do
      assert.is_nil(all:find(secret, 1, true))
    end
    assert.equal(404, (http.request(nginx.url .. "/chat.lua")))
    assert.equal(404, (http.request(nginx.url .. "/visitors.lua")))
    assert.equal(404, (http.request(nginx.url .. "/nginx.conf")))
  end)

  it("lets two browsers talk while its servers come and go", function()
    local browsers = process.start {
      "node", "spec/nginx/chat_browser.mjs", nginx.url, os.getenv "SCREENSHOTS" or "",
      stdin = "fifo",
    }
    local done = {
      ["reload nginx"] = function() nginx:signal "HUP" end,
      ["restart topicsd"] = function() topicsd:restart() end,
      ["kill nginx's worker"] = function()
        for _, worker in ipairs(nginx:workers()) do os.execute("kill -9 " .. worker) end
      end,
    }
    process.wait_until(function()
      for line in browsers:output():gmatch "([^\n]+)\n" do
        if done[line] then
          done[line]()
          done[line] = nil
          browsers:write "done\n"
        end
      end
      return browsers:exit_code()
    end, 240, function() return "the browsers; " .. browsers:output() .. browsers:errors() end)
    assert.equal(0, browsers:exit_code(), browsers:errors())
    assert.truthy(browsers:output():find("all shown once\n$"))
    assert.same({}, done)
  end)
end)
