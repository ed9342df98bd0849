--- Turns what a server answered into `message, code, detail`, the shape of every error that the
--- world causes (protocol section 5). Knows statuses and error bodies; must not know who asked,
--- whether it is tried again, or how the answer came here.

local core = require "momento.core"

local errors = {}

local TEXT_MAX = 1024 -- of an error's body, in bytes

-- status -> code, and whether the same request may succeed later
local BY_STATUS = {
  [400] = { "BAD_REQUEST_ERROR", false },
  [401] = { "AUTHENTICATION_ERROR", false },
  [403] = { "PERMISSION_ERROR", false },
  [404] = { "NOT_FOUND_ERROR", false },
  [408] = { "TIMEOUT_ERROR", true },
  [429] = { "LIMIT_EXCEEDED_ERROR", true },
  [500] = { "INTERNAL_SERVER_ERROR", true },
  [502] = { "SERVER_UNAVAILABLE", true },
  [503] = { "SERVER_UNAVAILABLE", true },
  [504] = { "SERVER_UNAVAILABLE", true },
}

local WHAT_TO_DO = {
  [401] = "check the API key, and that it belongs to this endpoint",
  [403] = "the API key does not permit this cache or topic",
}

-- Where servers put the text for people, best first.
local TEXT_MEMBERS = { "detail", "message", "description", "title" }

-- The member `err` of the answer to what can never succeed, however often it is sent.
local TOO_LARGE = "item_size_limit_exceeded"

--- The text for people in an error's body, "" when there is none.
---@param body string
---@param members table<string, string> of the JSON object that it is
---@return string
local function text_of(body, members)
  local text
  for _, name in ipairs(TEXT_MEMBERS) do text = text or members[name] end
  text = (text or body):sub(1, TEXT_MAX)
  return (text:gsub("%c+", " "):gsub("^%s+", ""):gsub("%s+$", ""))
end

-- A server may quote the request in its answer; the token must not get into messages that way. One
-- of a few letters is no secret, and would be found everywhere.
local function without(text, secret)
  if not text or not secret or #secret < 4 then return text end
  return (text:gsub(secret:gsub("%W", "%%%0"), "***"))
end

--- Describes an answer that is not the one hoped for.
---@param status integer HTTP status
---@param body string|nil
---@param retry_after number|nil seconds, from the header
---@param secret string|nil what must not appear in the result
---@return string message, string code, table detail { status, body, retry_after, retryable }
function errors.from_status(status, body, retry_after, secret)
  body = without(body, secret)
  local known = BY_STATUS[status]
  local code = known and known[1] or "UNKNOWN_SERVICE_ERROR"
  local retryable = status >= 500
  if known then retryable = known[2] end
  local members = body and core.json_object(body) or {}
  if members.err == TOO_LARGE then retryable = false end
  -- Once more: JSON may have spelt it otherwise.
  local text = without(text_of(body or "", members), secret)
  local message = text == "" and ("the server answered %d"):format(status)
    or ("%s (the server answered %d)"):format(text, status)
  if WHAT_TO_DO[status] then message = message .. ": " .. WHAT_TO_DO[status] end
  return message, code, {
    status = status,
    body = body,
    retry_after = retry_after,
    retryable = retryable,
  }
end

--- For what is wrong with an argument's value, as opposed to its type, which raises.
---@param message string
---@return nil, string message, string code, table detail
function errors.invalid(message)
  return nil, message, "INVALID_ARGUMENT_ERROR", { retryable = false }
end

--- For what the caller ended by closing something.
---@param what string "client" or "subscription"
---@return nil, string message, string code, table detail
function errors.closed(what)
  return nil, ("the %s is closed"):format(what), "CANCELLED_ERROR", { retryable = false }
end

return errors
