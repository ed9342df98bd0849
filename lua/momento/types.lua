---@meta momento.types
--- The types of what users hold and pass, for editors and checkers (LuaCATS). Never loaded: the
--- userdata are made in C, and get their methods in client.lua, subscription.lua and tokens.lua.
--- What fails because of the world returns nil, message, code, detail; wrong types raise.

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

---@alias momento.Number integer|string a string of digits where this Lua cannot hold it exactly

---@class momento.Position where a subscription stands, and what it resumes after
---@field sequence_number momento.Number of the last message had
---@field sequence_page momento.Number|nil nil: the current page

---@class momento.Discontinuity
---@field kind "discontinuity"
---@field last_sequence_number momento.Number the last one before the gap
---@field new_sequence_number momento.Number the first one after it
---@field new_sequence_page momento.Number

---@class momento.Message
---@field kind "message"
---@field sequence_number momento.Number
---@field sequence_page momento.Number
---@field value string
---@field type "text"|"binary"
---@field publisher_id string|nil token id of the publisher
---@field discontinuity momento.Discontinuity|nil the gap that came before it
local Message = {}

--- The value as the JSON it holds, decoded by lua-cjson.
---@return any|nil value
---@return string|nil message
---@return momento.Code|nil code
---@return momento.Detail|nil detail
function Message:json() end

---@class momento.Loop what waits; as require "momento.loop.cqueues" and its like make it

---@class momento.ClientOptions
---@field api_key string|nil else MOMENTO_API_KEY
---@field endpoint string|nil a region, a host or a URL; else the key's own, else MOMENTO_ENDPOINT
---@field loop momento.Loop|"update"|nil else momento.run where it runs, and blocking elsewhere
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
---@field on_result nil|fun(ok: true|nil, message?: string, code?: string, detail?: table) "update"

---@class momento.SubscribeOptions
---@field resume momento.Position|momento.Message|nil
---@field on_discontinuity nil|fun(gap: momento.Discontinuity)
---@field on_connection_lost nil|fun(message: string, code: momento.Code, detail: momento.Detail)
---@field on_connection_restored nil|fun()
---@field on_message nil|fun(message: momento.Message) with loop = "update", which needs it
---@field on_error nil|fun(message: string, code: momento.Code, detail: momento.Detail) likewise

---@class momento.HubOptions
---@field resume momento.Position|momento.Message|nil
---@field on_discontinuity nil|fun(gap: momento.Discontinuity)
---@field on_connection_lost nil|fun(message: string, code: momento.Code, detail: momento.Detail)
---@field on_connection_restored nil|fun()
---@field backlog integer|nil items a reader may fall behind before it misses some (512)

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

---@class momento.Client closed by close(), by the collector, and at the end of `local c <close>`
local Client = {}

--- Publishes a value, and waits for the outcome; with loop = "update" it goes to on_result.
---@param cache string
---@param topic string
---@param value string text in UTF-8, or any bytes with { binary = true }
---@param options momento.PublishOptions|nil
---@return true|nil
---@return string|nil message
---@return momento.Code|nil code
---@return momento.Detail|nil detail
function Client:publish(cache, topic, value, options) end

--- Publishes a Lua value as JSON.
---@param cache string
---@param topic string
---@param value any what lua-cjson can encode
---@param options momento.PublishOptions|nil
---@return true|nil
---@return string|nil message
---@return momento.Code|nil code
---@return momento.Detail|nil detail
function Client:publish_json(cache, topic, value, options) end

--- Subscribes. Returns once the first poll is on its way; its errors are told by receive.
---@param cache string
---@param topic string
---@param options momento.SubscribeOptions|nil
---@return momento.Subscription|nil
---@return string|nil message
---@return momento.Code|nil code
---@return momento.Detail|nil detail
function Client:subscribe(cache, topic, options) end

--- Vends a disposable token (topicsd; the hosted service vends over its SDKs). Needs a full key.
---@param request momento.TokenRequest
---@return momento.Token|nil token
---@return string|nil message
---@return momento.Code|nil code
---@return momento.Detail|nil detail
function Client:vend_token(request) end

--- What has happened so far, by name: published, polls, delivered, duplicates, ...
---@return table<string, integer>
function Client:stats() end

--- Ends it, its subscriptions and whatever waits for them. Again: does nothing.
function Client:close() end

--- The descriptor for a loop of your own: step(0) when it can be read.
---@return integer|nil
---@return string|nil message
---@return momento.Code|nil code
function Client:pollfd() end

--- What to poll it for.
---@return "r"|nil
---@return string|nil message
---@return momento.Code|nil code
function Client:events() end

--- Seconds after which to step(0) and receive(0) in any case; nil: none.
---@return number|nil
---@return string|nil message
---@return momento.Code|nil code
function Client:timeout() end

--- Lets the transfers go on.
---@param seconds number|nil to wait at most; nil: until a transfer ends
---@return true|nil
---@return string|nil message
---@return momento.Code|nil code
function Client:step(seconds) end

--- With loop = "update", once a frame: does what there is to do, calls the callbacks, never waits.
---@param dt number|nil seconds since the last call; not needed
function Client:update(dt) end

---@class momento.Subscription one reader each; `for message in subscription do`
---@overload fun(): momento.Message|nil
local Subscription = {}

--- The next message; asks again after whatever may pass.
---@param timeout number|nil seconds; nil: for as long as it takes
---@return momento.Message|nil
---@return string|nil message "timeout" when the time is over
---@return momento.Code|nil code TIMEOUT_ERROR then
---@return momento.Detail|nil detail
function Subscription:receive(timeout) end

--- Iterates over messages and discontinuities; `kind` tells them apart.
---@return fun(): momento.Message|momento.Discontinuity|nil
function Subscription:events() end

--- Of the last message received, or what was resumed from; nil before the first.
---@return momento.Position|nil
function Subscription:position() end

--- Ends it and its poll. Again: does nothing.
function Subscription:close() end

---@class momento.Task
local Task = {}

--- Ends it at what it waits for, now or next.
function Task:cancel() end

--- Whether its function has returned, failed or been cancelled.
---@return boolean
function Task:ended() end
