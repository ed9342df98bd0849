-- The decoder behind receive, beside lua-cjson and a loop, and beside the same tables made in C out
-- of nothing.

-- What is to be reached, as multiples of lua-cjson's rate.
local GOALS = { plain = 4.5, json = 3.5, unicode = 2.3 }

local NAMES = {
  plain = "plain text",
  json = "JSON (escaped quotes)",
  unicode = [[\uXXXX alone]],
}

return function(bench)
  local seconds = bench:size(0.3, 0)
  local sizes = bench.smoke and { 10 } or { 1, 10, 100, 1000 }
  for _, lua in ipairs { "5.4", "luajit" } do
    for _, payload in ipairs { "plain", "json", "unicode" } do
      for _, items in ipairs(sizes) do
        local subjects = {}
        for _, subject in ipairs { "momento", "cjson", "floor" } do
          subjects[#subjects + 1] = {
            name = subject,
            bench:lua(lua, "decode.lua", subject, payload, items, seconds),
          }
        end
        bench:compare {
          title = ("decode, Lua %s, %s, %d an answer"):format(lua, NAMES[payload], items),
          unit = "messages/s",
          figure = "rate",
          subjects = subjects,
          goals = {
            { "momento", against = "cjson", at_least = GOALS[payload] },
            { "momento", against = "floor", at_least = payload == "plain" and 0.9 or nil },
          },
        }
      end
    end
  end
end
