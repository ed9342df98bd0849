-- Runs benchmarks: lua5.4 bench/run.lua [--smoke] [--rounds N] [--out FILE] [ROW ...]
-- A ROW is the name of a file in bench/rows; all of them unless some are named. Prints a table for
-- each and writes the results: all rows to bench/results.json and .md, else to build/bench. With
-- --smoke only proves that everything runs. See bench/README.md.

local Bench = require "bench.bench"
local process = require "spec.support.process"
local report = require "bench.report"

local ROWS = {
  "decode", "publish", "tasks", "beside", "latency", "consume", "memory", "loop",
  "topicsd", "fanout", "waiting", "hub", "growth",
}

local function options_of(words)
  local options = { rounds = 5, rows = {} }
  local i = 1
  while words[i] do
    if words[i] == "--smoke" then
      options.smoke, options.out = true, "build/bench/smoke.json"
    elseif words[i] == "--rounds" or words[i] == "--out" then
      options[words[i]:sub(3)] = tonumber(words[i + 1]) or words[i + 1]
      i = i + 1
    else
      table.insert(options.rows, words[i])
    end
    i = i + 1
  end
  local all = #options.rows == 0
  if all then options.rows = ROWS end
  options.out = options.out or (all and "bench" or "build/bench") .. "/results.json"
  return options
end

local function machine()
  local cpu = (process.read_file "/proc/cpuinfo" or ""):match "model name%s*:%s*([^\n]+)"
  return ("%s, %s cores, %s"):format(cpu or "unknown processor", process.capture "nproc",
    process.capture("uname -sr"):match "^%S+ %d+%.%d+")
end

local function save(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

-- After each row, so that a run that is broken off leaves what it has.
local function write(bench, options)
  local about = {
    date = os.date "!%Y-%m-%d %H:%M",
    machine = machine(),
    rounds = bench.rounds,
    smoke = options.smoke or false,
    load = process.read_file("/proc/loadavg"):match "^%S+",
  }
  local results = { about = about, rows = bench.results }
  save(options.out, report.json(results))
  save(options.out:gsub("%.json$", "") .. ".md", report.markdown(results))
end

local function run(bench, options)
  local failed = 0
  for _, name in ipairs(options.rows) do
    bench.row = name
    local fine, message = xpcall(require("bench.rows." .. name), debug.traceback, bench)
    local stopped, complaint = pcall(bench.stop_servers, bench)
    if not (fine and stopped) then
      failed = failed + 1
      io.stderr:write(("%s: FAILED: %s\n"):format(name, fine and complaint or message))
    end
    write(bench, options)
  end
  return failed
end

local options = options_of(arg)
local bench = Bench.new(options)
bench:spin()
local fine, failed = xpcall(run, debug.traceback, bench, options)
process.stop_all()
if not fine then error(failed, 0) end
print(("%d rows measured, %d failed; written to %s"):format(#bench.results, failed, options.out))
os.exit(failed == 0 and 0 or 1)
