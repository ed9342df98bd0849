--- What came last on a topic: a bounded run of items, numbered as they came, that any number of
--- readers walk through at their own pace. A reader that fell off its end is told how much it
--- missed; one that comes with a position of its own finds its place by it.
--- A place is found by equality, never by order: a position the topic never had must not be taken
--- for one that is behind or ahead. Knows no nginx and no subscriptions.

local Backlog = {}
Backlog.__index = Backlog

local function digits(value)
  if type(value) == "number" then return ("%d"):format(value) end
  return value
end

-- Two positions are one when their keys are: numbers past 2^53 come as text.
local function key_of(position)
  return digits(position.sequence_page) .. ":" .. digits(position.sequence_number)
end

-- The number before this one, 0 before 0.
local function before(number)
  if type(number) == "number" then return math.max(0, number - 1) end
  local head, digit, zeros = number:match("^(.-)([1-9])(0*)$")
  if not head then return number end
  return (head .. ("%d"):format(digit - 1) .. ("9"):rep(#zeros)):match("^0*(.+)$")
end

--- The position that a reader has after an item; nil for an item that does not move it.
---@param item table with kind "message" or "discontinuity", or another one
---@return table|nil position { sequence_number, sequence_page }
function Backlog.position_after(item)
  if item.kind == "message" then
    return { sequence_number = item.sequence_number, sequence_page = item.sequence_page }
  elseif item.kind == "discontinuity" then
    return { sequence_number = before(item.new_sequence_number),
      sequence_page = item.new_sequence_page }
  end
end

-- The place before the item that comes at `index` is where a reader with that position goes on.
local function mark(self, index, position)
  local key = key_of(position)
  self.keys_[index] = key
  self.places_[key] = index
  self.position = position
end

---@param limit integer items kept
---@param start table|nil position before the first item, where it is known
function Backlog.new(limit, start)
  local self = setmetatable({
    first = 1, -- index of the oldest item kept
    next = 1, -- index that the next item will have
    position = nil, -- after the newest item, nil when unknown
    limit = limit, -- items kept
    items_ = {},
    positions_ = {}, -- index -> position after that item, if it moves it
    keys_ = {}, -- index -> key of the position before that item
    places_ = {}, -- the same the other way round
  }, Backlog)
  if start then mark(self, 1, start) end
  return self
end

--- Keeps at least this many items from now on.
function Backlog:grow(limit) self.limit = math.max(self.limit, limit) end

---@param item table see position_after
function Backlog:push(item)
  local index = self.next
  if not self.position and item.kind == "message" then
    mark(self, index, { sequence_number = before(item.sequence_number),
      sequence_page = item.sequence_page })
  end
  self.items_[index] = item
  self.next = index + 1
  local position = Backlog.position_after(item)
  self.positions_[index] = position
  position = position or self.position
  if position then mark(self, self.next, position) end
  if self.next - self.first > self.limit then self:drop_() end
end

-- Forgets the oldest item, and with it the place before it.
function Backlog:drop_()
  local index = self.first
  local key = self.keys_[index]
  if key and self.places_[key] == index then self.places_[key] = nil end
  self.items_[index], self.positions_[index], self.keys_[index] = nil, nil, nil
  self.first = index + 1
end

--- The item at an index, nil when it has been dropped or has not come yet; and the position that a
--- reader has after it, nil when it does not move it: who fell has another than the backlog had.
--- Both are everybody's: only to be read.
function Backlog:at(index) return self.items_[index], self.positions_[index] end

--- Where a reader that has had everything up to `position` goes on.
---@return integer|nil index nil: not known here
function Backlog:find(position) return self.places_[key_of(position)] end

return Backlog
