---@meta momento.types
--- The types of what the client hands out, for editors and checkers (LuaCATS). Never loaded.
--- Every function that can fail because of the world returns nil, message, code, detail.

---@alias momento.Code
---| "BAD_REQUEST_ERROR"
---| "AUTHENTICATION_ERROR"
---| "PERMISSION_ERROR"
---| "NOT_FOUND_ERROR"
---| "TIMEOUT_ERROR"
---| "LIMIT_EXCEEDED_ERROR"
---| "INTERNAL_SERVER_ERROR"
---| "SERVER_UNAVAILABLE"
---| "UNKNOWN_SERVICE_ERROR"
---| "CONNECTION_ERROR"
---| "CANCELLED_ERROR"
---| "INVALID_ARGUMENT_ERROR"

---@class momento.Detail
---@field retryable boolean whether the same may succeed later
---@field status integer|nil HTTP status, when there was an answer
---@field body string|nil of that answer
---@field retry_after number|nil seconds, as the server asked
---@field transport integer|string|nil the transport's own error, when there was no answer
---@field unsent boolean|nil no byte of the request can have reached a server

---@class momento.Position where a subscription stands, and what it resumes after
---@field sequence_number integer|string of the last message had; digits where Lua cannot hold it
---@field sequence_page integer|string

---@class momento.Discontinuity
---@field kind "discontinuity"
---@field last_sequence_number integer|string the last one before the gap
---@field new_sequence_number integer|string the first one after it
---@field new_sequence_page integer|string

---@class momento.Message
---@field kind "message"
---@field sequence_number integer|string digits where Lua cannot hold it
---@field sequence_page integer|string
---@field value string
---@field type "text"|"binary"
---@field publisher_id string|nil token id of the publisher
---@field discontinuity momento.Discontinuity|nil the gap that came before it
local Message = {}

---@return any|nil value, string|nil message, momento.Code|nil code, momento.Detail|nil detail
function Message:json() end

---@class momento.ClientOptions
---@field api_key string|nil else MOMENTO_API_KEY
---@field endpoint string|nil a region, a host or a URL; else the key's own, else MOMENTO_ENDPOINT
---@field loop table|"update"|nil what waits; else momento.run where it runs, and blocking elsewhere
---@field timeout number|nil seconds for a publish, all attempts together (5)
---@field connect_timeout number|nil seconds (10)
---@field poll_timeout number|nil seconds; longer than the server holds a poll (90)
---@field ca_file string|nil certificates to trust, PEM
---@field max_body integer|nil bytes of an answer (16 MiB)
---@field max_messages integer|nil most messages delivered per update(), with loop = "update" (64)
---@field logger nil|fun(level: "debug"|"info"|"warn", message: string)

---@class momento.PublishOptions
---@field binary boolean|nil the value is bytes, not text
---@field timeout number|nil seconds
---@field on_result nil|fun(published: true|nil, message: string|nil, code: momento.Code|nil,
--- detail: momento.Detail|nil) with loop = "update"

---@class momento.SubscribeOptions
---@field resume momento.Position|momento.Message|nil
---@field on_discontinuity nil|fun(gap: momento.Discontinuity)
---@field on_connection_lost nil|fun(message: string, code: momento.Code, detail: momento.Detail)
---@field on_connection_restored nil|fun()
---@field on_message nil|fun(message: momento.Message) with loop = "update", which needs it
---@field on_error nil|fun(message: string, code: momento.Code, detail: momento.Detail) likewise

---@class momento.Client
local Client = {}

---@param cache string
---@param topic string
---@param value string
---@param options momento.PublishOptions|nil
---@return true|nil, string|nil message, momento.Code|nil code, momento.Detail|nil detail
function Client:publish(cache, topic, value, options) end

---@param cache string
---@param topic string
---@param value any what lua-cjson can encode
---@param options momento.PublishOptions|nil
---@return true|nil, string|nil message, momento.Code|nil code, momento.Detail|nil detail
function Client:publish_json(cache, topic, value, options) end

---@class momento.Permission
---@field role "publishsubscribe"|"publishonly"|"subscribeonly"
---@field cache string name, or "*" for every cache
---@field topic string|{ prefix: string } name, "*" for every topic, or how its name begins

---@class momento.TokenRequest
---@field permissions momento.Permission[] 1 to 20
---@field expires_in integer seconds, at most 25 hours
---@field token_id string|nil at most 64 bytes: the publisher_id of what is published with it

---@class momento.Token
---@field api_key string for momento.client, or MOMENTO_API_KEY
---@field endpoint string
---@field valid_until integer seconds since the epoch

--- Vends a disposable token (topicsd; the hosted service vends over its SDKs). Needs a full key.
---@param request momento.TokenRequest
---@return momento.Token|nil token
---@return string|nil message
---@return momento.Code|nil code
---@return momento.Detail|nil detail
function Client:vend_token(request) end

---@param cache string
---@param topic string
---@param options momento.SubscribeOptions|nil
---@return momento.Subscription|nil, string|nil message, momento.Code|nil code,
--- momento.Detail|nil detail
function Client:subscribe(cache, topic, options) end

---@return table<string, integer> what has happened so far, by name
function Client:stats() end

function Client:close() end

---@return integer|nil descriptor for a loop of your own: step(0) when it can be read
function Client:pollfd() end

---@return "r" what to poll it for
function Client:events() end

---@return number|nil seconds after which to step(0) and receive(0) in any case
function Client:timeout() end

---@param seconds number|nil to wait at most; nil: until a transfer ends
---@return true|nil, string|nil message
function Client:step(seconds) end

---@param dt number|nil seconds since the last call; with loop = "update"
function Client:update(dt) end

---@class momento.Subscription one reader each; `for message in subscription do`
---@overload fun(): momento.Message|nil
local Subscription = {}

---@param timeout number|nil seconds
---@return momento.Message|nil, string|nil message, momento.Code|nil code,
--- momento.Detail|nil detail
function Subscription:receive(timeout) end

---@return fun(): momento.Message|momento.Discontinuity|nil
function Subscription:events() end

---@return momento.Position|nil of the last message received; nil before the first
function Subscription:position() end

function Subscription:close() end

---@class momento.Task
local Task = {}

--- Ends it at what it waits for, now or next.
function Task:cancel() end

---@return boolean
function Task:ended() end
