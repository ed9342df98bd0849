-- Reads one HTTP/1.1 answer: bytes go in as they arrive, cut anywhere; status, body and whether the
-- connection may be used again come out. Bounded in memory: a head or a body past its limit is an
-- error, not a buffer that grows. Strict where two readers could disagree on where an answer ends.
-- Knows no socket, no clock and no nginx; what a status means is for who asked.

local concat = table.concat
local find, gmatch, lower, match, sub =
  string.find, string.gmatch, string.lower, string.match, string.sub
local tonumber = tonumber

local MAX_HEAD = 32 * 1024 -- bytes of all interim heads and the final one; of the trailers again
local MAX_CHUNK_LINE = 1024
local TOKEN = "[%-!#$%%&'*+.^_`|~0-9A-Za-z]+"

---@class momento.ngx.Response
---@field started boolean the first byte has arrived
---@field status integer
---@field body string
---@field retry_after string? the header as it came
---@field reusable boolean answer and connection agree: nothing unread, and the peer keeps it open
local Response = {}
Response.__index = Response

-- The steps. Each takes what it can from the buffer and returns the step that follows, itself when
-- it must see more bytes first, or nil and what is wrong.
local status_line, header_line, fixed_body, until_close, complete
local chunk_line, chunk_data, chunk_end, trailer_line

---@param max_body integer bytes; a longer body is an error
---@return momento.ngx.Response
function Response.new(max_body)
  return setmetatable({
    started = false,
    max_body_ = max_body,
    buffer_ = "",
    line_budget_ = MAX_HEAD,
    parts_ = {},
    received_ = 0,
    step_ = status_line,
  }, Response)
end

--- Takes the next bytes of the connection.
---@param bytes string
---@return boolean|nil # true: complete; false: wants more; nil: no answer that can be read
---@return string? message what is wrong
function Response:feed(bytes)
  self.started = self.started or #bytes > 0
  self.buffer_ = self.buffer_ .. bytes
  repeat
    local previous = self.step_
    local step, message = previous(self)
    if not step then return nil, message end
    self.step_ = step
  until step == previous
  if self.step_ ~= complete then return false end
  self.body = concat(self.parts_)
  self.reusable = self.persistent_ and #self.buffer_ == 0
  return true
end

--- Takes the end of the connection.
---@return boolean|nil # true: that was how this body ends; nil: the answer is cut short
---@return string? message
function Response:close()
  if self.step_ == until_close then
    self.body, self.reusable = concat(self.parts_), false
    return true
  end
  if not self.started then return nil, "connection closed before the answer" end
  return nil, "connection closed in the middle of the answer"
end

function complete() return complete end

-- The next line without its end; false: it has not arrived yet. A bare LF ends a line too
-- (RFC 9112 section 2.2).
local function take_line(self)
  local stop = find(self.buffer_, "\n", 1, true)
  local length = stop or #self.buffer_
  if length > self.line_budget_ then return nil, "head of the answer is too large" end
  if not stop then return false end
  self.line_budget_ = self.line_budget_ - length
  local line = match(sub(self.buffer_, 1, stop - 1), "^(.-)\r?$")
  self.buffer_ = sub(self.buffer_, stop + 1)
  if find(line, "[%z\r]") then return nil, "control byte in the head of the answer" end
  return line
end

-- Moves up to `wanted` bytes (nil: all) from the buffer to the body; returns how many.
local function take_body(self, wanted)
  local part = self.buffer_
  if wanted and #part > wanted then part = sub(part, 1, wanted) end
  self.buffer_ = sub(self.buffer_, #part + 1)
  self.received_ = self.received_ + #part
  if #part > 0 then self.parts_[#self.parts_ + 1] = part end
  return #part
end

local function too_large(self)
  return nil, ("the answer is longer than max_body (%d bytes)"):format(self.max_body_)
end

function status_line(self)
  local line, message = take_line(self)
  if line == false then return status_line end
  if not line then return nil, message end
  local minor, status, rest = match(line, "^HTTP/1%.([0-9]) ([1-5][0-9][0-9])(.*)$")
  if not minor or not match(rest, "^ ") and rest ~= "" then return nil, "not an HTTP/1.1 answer" end
  self.status = tonumber(status)
  self.persistent_ = minor ~= "0"
  self.length_, self.encoding_, self.retry_after = nil, nil, nil
  return header_line
end

local fields = {
  ["content-length"] = function(self, value)
    if not match(value, "^[0-9]+$") then return "Content-Length is not a number" end
    -- A number past 15 digits may round, and is too large in any case.
    local length = #value <= 15 and tonumber(value) or math.huge
    if self.length_ and self.length_ ~= length then return "two different Content-Lengths" end
    self.length_ = length
  end,
  ["transfer-encoding"] = function(self, value)
    self.encoding_ = (self.encoding_ and self.encoding_ .. ", " or "") .. lower(value)
  end,
  ["connection"] = function(self, value)
    for token in gmatch(lower(value), TOKEN) do
      if token == "close" then self.persistent_ = false end
    end
  end,
  ["retry-after"] = function(self, value) self.retry_after = value end,
}

-- The head is complete: where does the body end?
local function body_step(self)
  local status = self.status
  if status == 101 then return nil, "unexpected 101 Switching Protocols" end
  if status < 200 then return status_line end
  if status == 204 or status == 304 then return complete end
  if self.encoding_ then
    if self.encoding_ ~= "chunked" then return nil, "Transfer-Encoding is not chunked" end
    -- Both headers at once is how answers are smuggled: read it, and let the connection go.
    if self.length_ then self.persistent_ = false end
    self.line_budget_ = MAX_CHUNK_LINE
    return chunk_line
  end
  if not self.length_ then return until_close end
  if self.length_ > self.max_body_ then return too_large(self) end
  self.wanted_ = self.length_
  return fixed_body
end

function header_line(self)
  local line, message = take_line(self)
  if line == false then return header_line end
  if not line then return nil, message end
  if line == "" then return body_step(self) end
  local name, value = match(line, "^(" .. TOKEN .. "):[ \t]*(.-)[ \t]*$")
  if not name then return nil, "malformed header line" end
  local take = fields[lower(name)]
  local fault = take and take(self, value)
  if fault then return nil, fault end
  -- Reading goes on with the next line: a step that returns itself would wait for more bytes.
  return header_line(self)
end

function fixed_body(self)
  self.wanted_ = self.wanted_ - take_body(self, self.wanted_)
  return self.wanted_ == 0 and complete or fixed_body
end

function until_close(self)
  take_body(self)
  if self.received_ > self.max_body_ then return too_large(self) end
  return until_close
end

function chunk_line(self)
  local line, message = take_line(self)
  if line == false then return chunk_line end
  if not line then return nil, message end
  -- Extensions are read past. Seven digits of hexadecimal are 256 MiB.
  local digits, rest = match(line, "^([0-9A-Fa-f]+)(.*)$")
  if not digits or not (rest == "" or match(rest, "^[ \t]*;") or match(rest, "^[ \t]+$")) then
    return nil, "malformed chunk size"
  end
  digits = match(digits, "^0*(.*)$")
  if #digits > 7 then return too_large(self) end
  if digits == "" then
    self.line_budget_ = MAX_HEAD
    return trailer_line
  end
  self.wanted_ = tonumber(digits, 16)
  if self.received_ + self.wanted_ > self.max_body_ then return too_large(self) end
  return chunk_data
end

function chunk_data(self)
  self.wanted_ = self.wanted_ - take_body(self, self.wanted_)
  return self.wanted_ == 0 and chunk_end or chunk_data
end

function chunk_end(self)
  if #self.buffer_ < 2 and sub("\r\n", 1, #self.buffer_) == self.buffer_ then return chunk_end end
  if sub(self.buffer_, 1, 2) ~= "\r\n" then return nil, "chunk is longer than its size" end
  self.buffer_ = sub(self.buffer_, 3)
  self.line_budget_ = MAX_CHUNK_LINE
  return chunk_line
end

function trailer_line(self)
  local line, message = take_line(self)
  if line == false then return trailer_line end
  if not line then return nil, message end
  if line == "" then return complete end
  return trailer_line(self)
end

return Response
