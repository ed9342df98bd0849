--- Who is to be woken when: a binary heap of tasks by the field `at`. A task is in it at most once,
--- and knows its place (`place`), so that it can be taken out before its time.

local Timers = {}
Timers.__index = Timers

function Timers.new()
  return setmetatable({ count = 0 }, Timers)
end

local function put(self, place, task)
  self[place] = task
  task.place = place
end

local function rise(self, place, task)
  while place > 1 do
    local above = math.floor(place / 2)
    if self[above].at <= task.at then break end
    put(self, place, self[above])
    place = above
  end
  put(self, place, task)
end

local function sink(self, place, task)
  local count = self.count
  while 2 * place <= count do
    local below = 2 * place
    if below < count and self[below + 1].at < self[below].at then below = below + 1 end
    if task.at <= self[below].at then break end
    put(self, place, self[below])
    place = below
  end
  put(self, place, task)
end

--- Adds a task that is not in it.
---@param at number when, by whatever clock the owner uses
function Timers:add(task, at)
  self.count = self.count + 1
  task.at = at
  rise(self, self.count, task)
end

--- Takes a task out, if it is in.
function Timers:remove(task)
  local place = task.place
  if not place then return end
  task.place = nil
  local last = self[self.count]
  self[self.count] = nil
  self.count = self.count - 1
  if last == task then return end
  if place > 1 and last.at < self[math.floor(place / 2)].at then
    rise(self, place, last)
  else
    sink(self, place, last)
  end
end

--- The task that is due first, nil when there is none.
function Timers:first()
  return self[1]
end

return Timers
