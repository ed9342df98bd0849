-- Who writes in the chat. A browser is a visitor, known by a cookie; what it says is published with
-- a disposable token of its own, so that every message carries its author's id (publisher_id) and
-- the server vouches for it. A token stays in the worker that had it vended.
-- The cookie is a secret: who has it speaks as that visitor. The id, which everybody may read, is
-- only its digest. Knows nothing of what is said, nor of who listens.

local lrucache = require "resty.lrucache"
local momento = require "momento"

local ngx = ngx

local COOKIE_AGE = 365 * 24 * 3600 -- seconds
local LIFETIME = 3600 -- seconds that a token is valid
local RENEWED = 3000 -- seconds after which another takes its place
local KEPT = 1000 -- tokens in a worker; who has been silent longest makes room

local Visitors = {}
Visitors.__index = Visitors

--- The visitors of one topic.
---@param client momento.Client the site's own, with a full key
---@param cache string
---@param topic string
function Visitors.new(client, cache, topic)
  return setmetatable({
    client_ = client,
    cache_ = cache,
    topic_ = topic,
    own_ = lrucache.new(KEPT), -- id -> client with that visitor's token
    tokenless_ = false, -- the server vends no tokens
  }, Visitors)
end

local function hex(bytes)
  return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

local function new_secret()
  local source = assert(io.open("/dev/urandom", "rb"))
  local bytes = source:read(16)
  source:close()
  return hex(bytes)
end

--- The id of who sent the request. A browser without the cookie gets one, so this is to be called
--- before the head of the answer is sent.
---@return string
function Visitors.identify()
  local secret = ngx.var.cookie_visitor
  if not secret or #secret ~= 32 or secret:find "%X" then
    secret = new_secret()
    ngx.header.set_cookie = ("visitor=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s")
      :format(secret, COOKIE_AGE, ngx.var.scheme == "https" and "; Secure" or "")
  end
  return hex(ngx.sha1_bin(secret))
end

-- The client that a visitor's messages go through; nil and a message when there is none now.
local function client_of(self, id)
  local own = self.own_:get(id)
  if own then return own end
  if self.tokenless_ then return self.client_ end
  local token, message, code = self.client_:vend_token {
    permissions = { { role = "publishsubscribe", cache = self.cache_, topic = self.topic_ } },
    expires_in = LIFETIME,
    token_id = id,
  }
  if code == "NOT_FOUND_ERROR" then
    if not self.tokenless_ then
      ngx.log(ngx.WARN, "this server vends no tokens: visitors publish with the site's key")
    end
    self.tokenless_ = true
    return self.client_
  end
  if not token then return nil, "no token for the visitor: " .. message end
  -- A token names an endpoint, too; but the site may reach its server by another name.
  own, message = momento.client { api_key = token.api_key, endpoint = self.client_:origin() }
  if own then self.own_:set(id, own, RENEWED) end
  return own, message
end

--- Publishes what a visitor says, in that visitor's name; without one where the server vends no
--- tokens.
---@param id string from identify()
---@param value any
---@return true|nil
---@return string|nil message
---@return momento.Code|nil code nil: there was no token to be had
function Visitors:publish_json(id, value)
  local published, message, code
  for _ = 1, 2 do
    local client, problem = client_of(self, id)
    if not client then return nil, problem end
    published, message, code = client:publish_json(self.cache_, self.topic_, value)
    -- A server that was started again may not know the token any more: nothing was published.
    if code ~= "AUTHENTICATION_ERROR" then break end
    self.own_:delete(id)
  end
  return published, message, code
end

return Visitors
