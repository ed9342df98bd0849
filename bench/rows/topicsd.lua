-- topicsd beside Nchan: publishes a second at 1, 32 and 128 connections.

local GOALS = { [1] = 1.1, [32] = 1.5, [128] = 1.5 }

return function(bench)
  local bytes = 100
  local topicsd = bench:topicsd()
  local nchan = bench:has "nchan" and bench:nchan()
  for _, connections in ipairs { 1, 32, 128 } do
    local count = bench:size(connections == 1 and 30000 or 100000, 200)
    local subjects = {
      {
        name = "topicsd",
        run = bench:serving(topicsd, bench:c("load", "publish", topicsd.topic "publish",
          topicsd.api_key, count, bytes, connections)),
      },
    }
    if nchan then
      local words =
        bench:c("load", "publish", nchan.publish "publish", nchan.key, count, bytes, connections)
      table.insert(subjects, { name = "Nchan", run = bench:serving(nchan, words) })
    end
    bench:compare {
      title = ("server: publishes, connections: %d"):format(connections),
      unit = "publishes/s",
      figure = "rate",
      also = { "server_us" },
      subjects = subjects,
      goals = {
        { "topicsd", against = "Nchan", at_least = GOALS[connections] },
        { "topicsd", against = "Nchan", figure = "server_us" },
      },
    }
  end
end
