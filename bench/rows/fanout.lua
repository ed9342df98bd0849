-- topicsd beside Nchan: a message to many who poll, and poll again.

return function(bench)
  local bytes = 100
  local topicsd = bench:topicsd()
  local nchan = bench:has "nchan" and bench:nchan()
  for _, real in ipairs { 1000, 5000 } do
    local waiters, count = bench:size(real, real / 100), bench:size(100000 / real, 2)
    local topic = topicsd.topic("fanout-" .. real)
    local subjects = {
      {
        name = "topicsd",
        run = bench:serving(topicsd, bench:c("load", "fanout", topic, topicsd.api_key, count, bytes,
          topic, waiters)),
      },
    }
    if nchan then
      local channel = "fanout-" .. real
      local words = bench:c("load", "fanout", nchan.publish(channel), nchan.key, count, bytes,
        nchan.poll(channel), waiters)
      table.insert(subjects, { name = "Nchan", run = bench:serving(nchan, words) })
    end
    bench:compare {
      title = ("server: fan-out to %d polls"):format(real),
      unit = "deliveries/s",
      figure = "rate",
      also = { "server_us" },
      subjects = subjects,
      goals = {
        { "topicsd", against = "Nchan", at_least = 1.35 },
        { "topicsd", against = "Nchan", figure = "server_us" },
      },
    }
  end
end
