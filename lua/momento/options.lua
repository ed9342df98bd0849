--- Checks tables of options: every key is known and has the right type, else it raises at the line
--- of the program that passed it. Gives a copy, so that later changes of the caller's table change
--- nothing. Must not know what the options mean.

local options = {}

local SHOWN_MAX = 40 -- bytes of a string

--- Checkers for what `type` alone does not tell: nil when the value is fine, else what it must be.
function options.seconds(value)
  if type(value) == "number" and value > 0 and value < math.huge then return nil end
  return "a number of seconds above 0"
end

function options.count(value)
  if type(value) == "number" and value >= 1 and value == math.floor(value)
    and value < math.huge then return nil end
  return "a whole number above 0"
end

-- Levenshtein's distance, one row at a time.
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local above = row[j]
      local change = a:byte(i) == b:byte(j) and 0 or 1
      row[j] = math.min(above + 1, row[j - 1] + 1, diagonal + change)
      diagonal = above
    end
  end
  return row[#b]
end

-- The known names that `key` may be a slip for, else all of them.
local function suggestion(key, known)
  local names, near = {}, {}
  for name in pairs(known) do
    names[#names + 1] = name
    if type(key) == "string" and distance(key, name) <= math.max(1, math.floor(#name / 3)) then
      near[#near + 1] = name
    end
  end
  table.sort(near)
  if #near > 0 then return "did you mean " .. table.concat(near, " or ") .. "?" end
  table.sort(names)
  return "known are " .. table.concat(names, ", ")
end

-- What was passed, for a message. A string only where it is one of a few words or a slip for one:
-- elsewhere it may be a key.
local function shown(value, check)
  if type(value) == "number" then return tostring(value) end
  if type(value) == "string" and type(check) == "function" then
    return ("%q"):format(value:sub(1, SHOWN_MAX))
  end
  return type(value)
end

--- Copies `given`, checked against `known`: option name -> name of a Lua type, or a checker.
---@param where string what takes the options, for messages
---@param given table|nil
---@param known table<string, string|fun(value: any): string|nil>
---@param level integer|nil as for `error`, seen from the caller; 2 is the caller's caller
---@return table
function options.copy(where, given, known, level)
  level = (level or 2) + 1
  local copy = {}
  if given == nil then return copy end
  if type(given) ~= "table" then
    error(("%s: options must be a table, got %s"):format(where, type(given)), level)
  end
  for key, value in pairs(given) do
    local check = known[key]
    if check == nil then
      local name = type(key) == "string" and ("%q"):format(key) or tostring(key)
      error(("%s: unknown option %s; %s"):format(where, name, suggestion(key, known)), level)
    end
    local wanted
    if type(check) == "function" then
      wanted = check(value)
    elseif type(value) ~= check then
      wanted = "a " .. check
    end
    if wanted then
      error(("%s: option %s must be %s, got %s"):format(where, key, wanted, shown(value, check)),
        level)
    end
    copy[key] = value
  end
  return copy
end

return options
