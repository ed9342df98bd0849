-- From the annotations of the public API (LuaCATS, in init.lua and types.lua) to comments that LDoc
-- reads: lua tools/docs.lua >momento.lua. `make docs` makes HTML out of that. Knows the part of
-- LuaCATS that is used here.

local PAIRS = { ["("] = ")", ["{"] = "}", ["<"] = ">", ["["] = "]" }

-- The type at the beginning of text, which ends at the first of `stops` outside of brackets and
-- quotes; and the rest.
local function take_type(text, stops)
  local open, quoted = {}, false
  for i = 1, #text do
    local char = text:sub(i, i)
    if char == '"' then quoted = not quoted end
    if not quoted then
      if PAIRS[char] then
        open[#open + 1] = PAIRS[char]
      elseif char == open[#open] then
        open[#open] = nil
      elseif #open == 0 and stops:find(char, 1, true) and text:sub(i - 1, i - 1) ~= ":" then
        return text:sub(1, i - 1), (text:sub(i):gsub("^%s+", ""))
      end
    end
  end
  return text, ""
end

local function tagged(tag, type, rest)
  -- LDoc takes a type without spaces.
  return ("-- @%s %s %s"):format(tag, type:gsub("momento%.", ""):gsub("%s+", ""), rest)
end

local emit = {}

function emit.param(out, text)
  local name, rest = text:match "^(%S+)%s+(.*)$"
  local type, description = take_type(rest, " ")
  out[#out + 1] = tagged("tparam", type, name .. " " .. description)
end

emit["return"] = function(out, text)
  repeat
    local one, rest = take_type(text, ",")
    local type, description = take_type(one, " ")
    out[#out + 1] = tagged("treturn", type, description)
    text = rest:gsub("^,%s*", "")
  until text == ""
end

function emit.field(out, text)
  local name, rest = text:match "^(%S+)%s+(.*)$"
  local type, description = take_type(rest, " ")
  out[#out + 1] = tagged("tfield", type, name .. " " .. description)
end

-- A block of --- lines as { text = lines, { tag, text }, ... }, continuation lines joined.
local function parse(lines)
  local block = { text = {} }
  for _, line in ipairs(lines) do
    local tag, text = line:match "^@(%l+)%s*(.*)$"
    if tag then
      block[#block + 1] = { tag, text }
    elseif #block > 0 then
      block[#block][2] = block[#block][2] .. " " .. line
    else
      block.text[#block.text + 1] = line
    end
  end
  return block
end

local function tag_of(block, name)
  for _, pair in ipairs(block) do
    if pair[1] == name then return pair[2] end
  end
end

local function write_function(out, block, head)
  out[#out + 1] = "--- " .. (block.text[1] or head:match "[%w_]+%(" :gsub("%(", ""))
  for i = 2, #block.text do out[#out + 1] = "-- " .. block.text[i] end
  for _, pair in ipairs(block) do
    if emit[pair[1]] then emit[pair[1]](out, pair[2]) end
  end
  out[#out + 1] = head .. " end\n"
end

-- A class with fields is a table, of which LDoc wants to hear before it hears of classes.
local function write_class(out, tables, block, class)
  local name, description = class:match "^momento%.(%w+)%s*(.*)$"
  if not tag_of(block, "field") then
    out[#out + 1] = ("--- %s\n-- %s\n-- @type %s\n"):format(name, description, name)
    return
  end
  tables[#tables + 1] = ("--- %s %s\n-- @table %s"):format(name, description, name)
  for _, pair in ipairs(block) do
    if pair[1] == "field" then emit.field(tables, pair[2]) end
  end
  tables[#tables + 1] = ""
end

local function convert(path, out, tables)
  local lines = {}
  for line in io.lines(path) do
    local text = line:match "^%-%-%-%s?(.*)$"
    local head = line:match "^(function [%w_.:]+%b())"
    if text then
      lines[#lines + 1] = text
    else
      local block = parse(lines)
      local class = tag_of(block, "class")
      if class then write_class(out, tables, block, class) end
      if head then write_function(out, block, head) end
      lines = {}
    end
  end
end

local functions, tables = {}, {}
convert("lua/momento/init.lua", functions, tables)
convert("lua/momento/types.lua", functions, tables)

print(table.concat({
  "--- Momento Topics for Lua: `local momento = require \"momento\"`.",
  "-- Every function that can fail because of the world returns nil, message, code, detail.",
  "-- @module momento",
  "local momento, Client, Subscription, Message, Task = {}, {}, {}, {}, {}\n",
  table.concat(tables, "\n"),
  table.concat(functions, "\n"),
}, "\n"))
