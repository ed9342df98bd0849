-- A message published to many who listen to Server-Sent Events: the hub inside nginx, with a
-- topicsd behind it, beside Nchan's EventSource. topicsd, which has little to do, is on the core
-- of the client.

local function hub(bench)
  local topicsd = bench:topicsd()
  bench:pin(topicsd.pid, bench.client_cpu)
  local nginx = bench:nginx {
    main = "env MOMENTO_API_KEY; env MOMENTO_ENDPOINT; worker_rlimit_nofile 8192;",
    server = "location = /events { content_by_lua_block { require 'bench.hub' () } }",
    env = { MOMENTO_API_KEY = topicsd.api_key, MOMENTO_ENDPOINT = topicsd.url },
    expect = { "." },
  }
  return nginx.url .. "/events", topicsd.topic "hub", topicsd.api_key, nginx
end

return function(bench)
  local events, publish, key, nginx = hub(bench)
  local nchan = bench:has "nchan" and bench:nchan()
  for _, real in ipairs { 200, 2000 } do
    local listeners, count = bench:size(real, real / 20), bench:size(100000 / real, 2)
    local subjects = {
      {
        name = "hub in nginx",
        run = bench:serving(nginx,
          bench:c("load", "events", publish, key, count, 100, events, listeners)),
      },
    }
    if nchan then
      table.insert(subjects, {
        name = "Nchan, EventSource",
        run = bench:serving(nchan, bench:c("load", "events", nchan.publish "hub", nchan.key, count,
          100, nchan.events "hub", listeners)),
      })
    end
    bench:compare {
      title = ("nginx: a message to %d listeners of events"):format(real),
      unit = "deliveries/s",
      figure = "rate",
      also = { "server_us" },
      subjects = subjects,
      goals = {
        { "hub in nginx", against = "Nchan, EventSource", at_least = 0.7 },
        { "hub in nginx", against = "Nchan, EventSource", figure = "server_us" },
      },
    }
  end
end
