-- Who writes on the chat site of examples/openresty: cookies, the ids that topicsd puts on what
-- visitors say, and a server that vends no tokens.

local Nginx = require "spec.support.nginx"
if Nginx.elsewhere then return end

local Peer = require "spec.support.peer"
local Stream = require "spec.support.stream"
local Topicsd = require "spec.support.topicsd"
local chat_site = require "spec.support.chat_site"
local cjson = require "cjson"
local http = require "spec.support.http"
local mime = require "mime"

local TOPIC = "/topics/my-cache/lobby"
local PUBLISH = "POST " .. TOPIC .. " as "
local PUBLISHED = Peer.answer(204)

describe("a visitor of the chat site", function()
  local topicsd, nginx, peer

  after_each(function()
    nginx:stop()
    if peer then peer:stop() end
    peer = nil
    Topicsd.stop_all()
  end)

  local function open_site()
    topicsd = Topicsd.start {}
    nginx = chat_site.start { api_key = topicsd.api_key }
  end

  -- The cookie that comes with the answer, else the one that was sent; the whole answer as text.
  local function say(text, cookie)
    local status, headers, body = http.request(nginx.url .. "/say", {
      body = cjson.encode { id = "id of " .. text, name = "Ann", text = text },
      headers = { ["Content-Type"] = "application/json", Cookie = cookie },
    })
    local set = headers["set-cookie"]
    return status, set and set:match "^[^;]+" or cookie, cjson.encode { headers, body }
  end

  -- Everything on the topic: a list of the texts, and text -> publisher_id.
  local function said()
    local _, _, body = http.request(topicsd.url .. TOPIC .. "?sequence_number=1&sequence_page=0",
      { headers = { Authorization = topicsd.key } })
    local texts, authors = {}, {}
    for index, entry in ipairs(cjson.decode(body).items) do
      local text = cjson.decode(entry.item.value.text).text
      texts[index], authors[text] = text, entry.item.publisher_id
    end
    return texts, authors
  end

  -- The next message of a stream of events.
  local function event(stream)
    for line in function() return stream:line() end do
      local data = line:match "^data: (.+)$"
      if data then return cjson.decode(data) end
    end
  end

  it("is known by a cookie that only the server can read", function()
    open_site()
    for _, path in ipairs { "/say", "/events" } do
      local headers
      if path == "/say" then
        _, headers = http.request(nginx.url .. path, {
          body = '{"id":"1","name":"Ann","text":"hello"}',
          headers = { ["Content-Type"] = "application/json" },
        })
      else
        local stream = Stream.open(nginx, path)
        headers = stream.headers
        stream:close()
      end
      local name, attributes = headers["set-cookie"]:match "^(visitor=%x+); (.*)$"
      assert.equal(#"visitor=" + 32, #name)
      assert.equal("Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict", attributes)
      local known = Stream.open(nginx, "/events", { Cookie = name })
      assert.is_nil(known.headers["set-cookie"])
      known:close()
    end
  end)

  it("is the publisher of its messages, with an id of its own that is not the cookie", function()
    open_site()
    local _, ann = say "one of Ann's"
    local _, bo = say "one of Bo's"
    assert.equal(204, (say("two of Ann's", ann)))
    assert.equal(204, (say("two of Bo's", bo)))
    local _, other = say("a stranger's", "visitor=../" .. ann:sub(-29))
    assert.not_equal("visitor=../" .. ann:sub(-29), other)
    local texts, authors = said()
    assert.equal(5, #texts)
    local id = authors["one of Ann's"]
    assert.truthy(id:find "^%x+$" and #id == 40)
    assert.equal(id, authors["two of Ann's"])
    assert.equal(authors["one of Bo's"], authors["two of Bo's"])
    assert.not_equal(id, authors["one of Bo's"])
    assert.not_equal(id, authors["a stranger's"])
    assert.is_nil(ann:find(id, 1, true))
  end)

  it("hears which messages are its own, and never a token", function()
    open_site()
    local _, ann, answer = say "Ann's"
    local _, _, another = say "Bo's"
    local stream = Stream.open(nginx, "/events", { Cookie = ann })
    local first, second = event(stream), event(stream)
    stream:close()
    local events = cjson.encode { stream.headers, first, second }
    local _, authors = said()
    assert.same({ "Ann's", true, authors["Ann's"] }, { first.text, first.mine, first.publisher_id })
    assert.same({ "Bo's", false, authors["Bo's"] },
      { second.text, second.mine, second.publisher_id })
    -- Every token of topicsd's is base64 of an object.
    assert.is_nil((answer .. another .. events):find("eyJ", 1, true))
  end)

  -- What a server that gives these answers is asked, for two messages of one visitor of a site with
  -- one worker.
  local function asked_of(...)
    local steps = {}
    for index, answer in ipairs { ... } do steps[index] = { send = answer } end
    peer = Peer.start(steps)
    nginx = chat_site.start { api_key = "the-key", endpoint = peer.url, workers = 1 }
    local _, cookie = say "one"
    assert.equal(204, (say("two", cookie)))
    local asked = {}
    for index, request in ipairs(peer:wait_for_requests(math.max(3, #steps), 30)) do
      asked[index] = ("%s as %s"):format(request:match "^(%u+ %S+)",
        request:match "\r\nAuthorization: ([^\r]*)\r\n")
    end
    return asked
  end

  -- The answer to who asks for a token. The site goes on to talk to the server that it knows.
  local function token(inner)
    local api_key = mime.b64(cjson.encode { api_key = inner, endpoint = "elsewhere.example" })
    return Peer.answer(200, cjson.encode {
      api_key = api_key, endpoint = "elsewhere.example", valid_until = 1,
    })
  end

  it("has one token, which is for this topic alone", function()
    assert.same({ "POST /tokens as the-key", PUBLISH .. "vended", PUBLISH .. "vended" },
      asked_of(token "vended", PUBLISHED))
    local permissions = cjson.decode(peer:requests()[1]:match "\r\n\r\n(.*)$").permissions
    assert.same({ { role = "publishsubscribe", cache = "my-cache", topic = "lobby" } }, permissions)
  end)

  it("gets another token from a server that does not know the first one any more", function()
    assert.same({
      "POST /tokens as the-key", PUBLISH .. "first", PUBLISH .. "first",
      "POST /tokens as the-key", PUBLISH .. "second",
    }, asked_of(token "first", PUBLISHED, Peer.answer(401), token "second", PUBLISHED))
  end)

  it("publishes with the site's key where no tokens are vended", function()
    assert.same({ "POST /tokens as the-key", PUBLISH .. "the-key", PUBLISH .. "the-key" },
      asked_of(Peer.answer(404), PUBLISHED))
    local warned = select(2, nginx:log():gsub("this server vends no tokens", ""))
    assert.equal(1, warned)
  end)
end)
