-- Results as text: the table that is printed, and the JSON that is kept. The JSON has its keys in
-- order and a row a line, so that two runs can be compared with diff.

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
    local bound = ""
    if goal.at_least then bound = ">= " .. short(goal.at_least) end
    if goal.at_most then bound = "<= " .. short(goal.at_most) end
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

return report
