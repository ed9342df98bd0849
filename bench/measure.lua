-- How everything is measured: rounds in which the subjects take turns, so that what disturbs the
-- machine disturbs all alike; of each figure the median and the range; of two subjects the median
-- and the range of the ratios within a round. Knows nothing of what is measured.

local measure = {}

--- Median, lowest and highest of a list of numbers.
function measure.spread(values)
  local sorted = { (table.unpack or unpack)(values) } -- luacheck: ignore 143
  table.sort(sorted)
  local middle = (#sorted + 1) / 2
  local median = (sorted[math.floor(middle)] + sorted[math.ceil(middle)]) / 2
  return { median = median, low = sorted[1], high = sorted[#sorted] }
end

-- Of each subject the figures of all its rounds: { name = { figure = { number, ... } } }.
local function play(subjects, rounds)
  local played = {}
  for _ = 1, rounds do
    for _, subject in ipairs(subjects) do
      local figures = played[subject.name] or {}
      played[subject.name] = figures
      for figure, value in pairs(subject.run()) do
        if type(value) == "number" then
          figures[figure] = figures[figure] or {}
          table.insert(figures[figure], value)
        end
      end
    end
  end
  return played
end

-- A goal is { subject, against = subject or nil, figure = the row's or another, at_least = or
-- at_most = }. With a peer that was not measured there is nothing to say.
local function judge(goal, played, figure)
  figure = goal.figure or figure
  local ours = played[goal[1]] and played[goal[1]][figure]
  local theirs = goal.against and played[goal.against] and played[goal.against][figure]
  if not ours or goal.against and not theirs then return nil end
  local values = {}
  for round, value in ipairs(ours) do
    values[round] = theirs and value / theirs[round] or value
  end
  local judged = measure.spread(values)
  judged.subject, judged.against, judged.figure = goal[1], goal.against, figure
  judged.at_least, judged.at_most = goal.at_least, goal.at_most
  judged.met = judged.median >= (goal.at_least or -math.huge)
    and judged.median <= (goal.at_most or math.huge)
  return judged
end

--- Measures a row: { title =, unit =, figure = the name of the main figure, also = names of others,
--- subjects = { { name =, run = function that returns { figure = number } }, ... },
--- goals = { ... } }. The result is plain data.
function measure.row(row, rounds)
  local played = play(row.subjects, rounds)
  local result = { title = row.title, unit = row.unit, figure = row.figure, rounds = rounds }
  result.subjects, result.goals = {}, {}
  for _, subject in ipairs(row.subjects) do
    local figures = played[subject.name]
    local entry = measure.spread(assert(figures[row.figure], subject.name .. ": no figure"))
    entry.name = subject.name
    for _, also in ipairs(row.also or {}) do
      entry[also] = figures[also] and measure.spread(figures[also]).median
    end
    table.insert(result.subjects, entry)
  end
  for _, goal in ipairs(row.goals or {}) do
    table.insert(result.goals, (judge(goal, played, row.figure)))
  end
  return result
end

return measure
