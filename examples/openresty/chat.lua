-- The two handlers of the chat site. All browsers of a worker listen through one poll (the hub);
-- the id of each event is the message's position, so a browser that comes back says where it was.
-- Knows the topic and the site's client; browsers know neither.

local Visitors = require "visitors"
local cjson = require "cjson.safe"
local hub = require "momento.ngx.hub"
local momento = require "momento"

local CACHE, TOPIC = "my-cache", "lobby"
local HEARTBEAT = 15 -- seconds
local NAME_BYTES, TEXT_BYTES = 120, 3600 -- a message of Momento's is 4 KiB at most

-- A page that is long over: the topic answers with all that it still has.
local EARLIEST = { sequence_number = 0, sequence_page = 1 }

local client = assert(momento.client())
local visitors = Visitors.new(client, CACHE, TOPIC)

local chat = {}

local function refuse(status, problem)
  ngx.status = status
  ngx.header.content_type = "application/json"
  ngx.print(cjson.encode { problem = problem })
  return ngx.exit(ngx.HTTP_OK)
end

local function text_within(value, bytes)
  return type(value) == "string" and value:find "%S" and #value <= bytes
end

--- POST /say with { id, name, text }: 204 once the message is published. The id comes from the
--- page, which may send a message again; whoever reads shows each id once.
function chat.say()
  if ngx.req.get_method() ~= "POST" then
    ngx.header.allow = "POST"
    return refuse(405, "Use POST.")
  end
  -- Another site's page cannot send this type without asking first.
  if not (ngx.var.content_type or ""):find "^application/json" then
    return refuse(415, "Send JSON.")
  end
  ngx.req.read_body()
  local said = cjson.decode(ngx.req.get_body_data() or "")
  if type(said) ~= "table" or not text_within(said.id, 64) or not text_within(said.name, NAME_BYTES)
    or not text_within(said.text, TEXT_BYTES) then
    return refuse(400, "A message has an id, a name and a text that is not too long.")
  end
  local published, message, code = visitors:publish_json(Visitors.identify(), {
    id = said.id,
    name = said.name,
    text = said.text,
    at = ngx.time(),
  })
  if published then return ngx.exit(ngx.HTTP_NO_CONTENT) end
  if code == "INVALID_ARGUMENT_ERROR" or code == "LIMIT_EXCEEDED_ERROR" then
    return refuse(400, "This message cannot be sent: " .. message)
  end
  ngx.log(ngx.WARN, "not published: ", message)
  return refuse(503, "The message could not be sent.")
end

local function digits(number)
  return type(number) == "number" and ("%d"):format(number) or number
end

-- What a visitor is shown of a message; others than this page may publish, and anything.
local function shown(message, id, visitor)
  local said = message:json()
  if type(said) ~= "table" or type(said.text) ~= "string" then
    said = { text = message.type == "text" and message.value or "(not text)" }
  end
  return cjson.encode {
    id = type(said.id) == "string" and said.id or id,
    name = type(said.name) == "string" and said.name or "somebody",
    text = said.text,
    at = type(said.at) == "number" and said.at or ngx.time(),
    publisher_id = message.publisher_id,
    mine = message.publisher_id == visitor,
  }
end

local function send(...)
  return ngx.print(...) and ngx.flush(true)
end

-- Where the browser was: the id of the last event it had.
local function position()
  local id = ngx.var.http_last_event_id or ngx.req.get_uri_args().after
  local page, number = tostring(id):match "^(%d+):(%d+)$"
  return page and { sequence_page = page, sequence_number = number } or EARLIEST
end

--- GET /events: "message", "gap" (something may be missing before the next one), "live" (all that
--- was said before has been sent) and "beat", so that both sides notice a dead connection.
function chat.events()
  local visitor = Visitors.identify()
  local listener, problem = hub.subscribe(client, CACHE, TOPIC, { resume = position() })
  if not listener then
    ngx.log(ngx.WARN, "cannot listen: ", problem)
    return refuse(503, "The chat is not available.")
  end
  ngx.header.content_type = "text/event-stream"
  ngx.header.cache_control = "no-cache"
  ngx.header["X-Accel-Buffering"] = "no"
  local open, live = send "retry: 1000\n\n", false
  while open do
    local message, fault, code = listener:receive(live and HEARTBEAT or 0.5)
    if message then
      local id = digits(message.sequence_page) .. ":" .. digits(message.sequence_number)
      open = (not message.discontinuity or send "event: gap\ndata:\n\n")
        and send("id: ", id, "\ndata: ", shown(message, id, visitor), "\n\n")
    elseif code == "TIMEOUT_ERROR" then
      open = send(live and "event: beat" or "event: live", "\ndata:\n\n")
      live = true
    else
      -- The worker exits, or nobody may listen any more: the browser comes back by itself.
      if code ~= "CANCELLED_ERROR" then ngx.log(ngx.ERR, "no longer listening: ", fault) end
      break
    end
  end
  listener:close()
end

return chat
