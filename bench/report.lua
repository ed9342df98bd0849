-- Results as text: the table that is printed, the JSON and the Markdown that are kept. The JSON has
-- its keys in order and a row a line, so that two runs can be compared with diff.

local report = {}

local function short(number)
  if number == nil then return "" end
  if math.abs(number) >= 100 then return ("%.0f"):format(number) end
  return ("%.3g"):format(number)
end

local function range(entry)
  if entry.low == entry.high then return "" end
  return ("(%s .. %s)"):format(short(entry.low), short(entry.high))
end

local function bound_of(goal)
  return goal.at_least and ">= " .. short(goal.at_least)
    or goal.at_most and "<= " .. short(goal.at_most) or ""
end

--- The table of one row's result.
function report.row(row, also)
  local lines = { ("%s [%s]"):format(row.title, row.unit) }
  for _, entry in ipairs(row.subjects) do
    local line = ("  %-44s %10s %s"):format(entry.name, short(entry.median), range(entry))
    for _, name in ipairs(also or {}) do
      if entry[name] then line = ("%s  %s %s"):format(line, name, short(entry[name])) end
    end
    lines[#lines + 1] = line
  end
  for _, goal in ipairs(row.goals) do
    local bound = bound_of(goal)
    local what = goal.against and goal.subject .. " / " .. goal.against or goal.subject
    if goal.figure ~= row.figure then what = what .. ", " .. goal.figure end
    lines[#lines + 1] = ("    %-56s %6s %-16s %s%s"):format(what, short(goal.median), range(goal),
      bound, bound == "" and "" or goal.met and ": met" or ": MISSED")
  end
  return table.concat(lines, "\n")
end

local function encode(value)
  if type(value) == "string" then return ("%q"):format(value) end -- no control bytes in names
  if type(value) == "number" then return (("%.6g"):format(value):gsub("%.?0*e%+?", "e")) end
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  if #value > 0 or next(value) == nil then
    for i, item in ipairs(value) do parts[i] = encode(item) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key in pairs(value) do parts[#parts + 1] = key end
  table.sort(parts)
  for i, key in ipairs(parts) do parts[i] = ("%q:%s"):format(key, encode(value[key])) end
  return "{" .. table.concat(parts, ",") .. "}"
end

--- All results as JSON: { about = {...}, rows = {...} }.
function report.json(results)
  local rows = {}
  for i, row in ipairs(results.rows) do rows[i] = encode(row) end
  return ('{"about":%s,\n"rows":[\n%s\n]}\n'):format(encode(results.about),
    table.concat(rows, ",\n"))
end

-- A number as people read it: 1 170 060.
local function grouped(number)
  local text = short(number)
  while text:find "^%d%d%d%d" do text = text:gsub("^(%d+)(%d%d%d)%f[%D]", "%1 %2") end
  return text
end

-- A subject's figure, with what it is one of.
local function measured(row, name, figure)
  for _, entry in ipairs(row.subjects) do
    if entry.name == name then
      return name .. ": " .. grouped(figure == row.figure and entry.median or entry[figure])
    end
  end
  return ""
end

local function markdown_line(row, goal, title)
  local bound = bound_of(goal)
  if bound ~= "" and not goal.met then bound = bound .. ", **missed**" end
  if goal.figure ~= row.figure then title = title .. goal.figure end
  return ("| %s | %s | %s | %s %s | %s |"):format(title, measured(row, goal.subject, goal.figure),
    measured(row, goal.against, goal.figure), grouped(goal.median), range(goal), bound)
end

local INTRODUCTION = [[
# Figures

Written by `make bench`, %s UTC, on %s; load average %s.
Medians of %d rounds; ratios are of the first figure to the second within a round, with their median
and range. `cpu_us`, `server_us`: microseconds of processor time. README.md has the method.]]

--- All results as a page of Markdown: a table for the rows of each file.
function report.markdown(results)
  local about = results.about
  local lines = {
    INTRODUCTION:format(about.date, about.machine, about.load, about.rounds),
  }
  local file
  for _, row in ipairs(results.rows) do
    if row.row ~= file and #row.goals > 0 then
      file = row.row
      lines[#lines + 1] = ("\n## %s\n\n| what | ours | beside it | ratio | goal |"):format(file)
      lines[#lines + 1] = "|---|---|---|---|---|"
    end
    for i, goal in ipairs(row.goals) do
      local title = i == 1 and ("%s [%s]"):format(row.title, row.unit) or ""
      lines[#lines + 1] = markdown_line(row, goal, title)
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

return report
