--- Rules of protocol section 3: which answer a poll gets from which position.

local check = require "tools.conformance.check"

local SETTLED = 0.3 -- seconds: a poll that is not answered by then waits

-- A topic with messages m1, m2, ...; its page.
local function topic_with(t, count)
  local topic = t:topic()
  for number = 1, count do check.status(204, t:publish(topic, "m" .. number)) end
  return topic, check.page(t:poll(topic, 1))
end

-- Publishes until the poll is answered, since nobody can see from here when it has arrived.
local function publish_until_answered(t, topic, started)
  local number = 0
  repeat
    number = number + 1
    if number > 50 then check.fail "it waits on while messages are published" end
    check.status(204, t:publish(topic, "after" .. number))
  until not t:waits(started, SETTLED)
  return t:finish(started)
end

local function must_wait(t, started)
  if not t:waits(started, SETTLED) then
    check.fail("it was answered at once: ", check.story(t:finish(started)))
  end
end

-- What a poll from a position is told at once, of a topic with three messages.
local function told(number, page, expected)
  return function(t)
    local topic, current = topic_with(t, 3)
    local answer = t:poll(topic, number, page == "current" and current or page)
    check.equal(expected, check.story(answer), "the answer")
    check.equal(current, check.page(answer), "the page")
  end
end

return {
  { 3, "seen", "the first message is 1, and each next one is one more",
    told(1, "current", "1=m1 2=m2 3=m3") },
  { 3, "seen", "the messages of a topic share a page", function(t)
    local topic, page = topic_with(t, 2)
    check.equal(page, check.page(t:poll(topic, 2)), "the page of the second")
  end },
  { 3, "inferred", "a topic that begins later has a greater page", function(t)
    local _, before = topic_with(t, 1)
    local _, after = topic_with(t, 1)
    if tonumber(after) <= tonumber(before) then
      check.fail(("%s comes after %s"):format(after, before))
    end
  end },
  { 3, "documented", "without a position: waits for the first message after it", function(t)
    local topic = topic_with(t, 2)
    local started = t:start_poll(topic)
    must_wait(t, started)
    local value = check.message(publish_until_answered(t, topic, started)).value.text or ""
    if not value:find "^after" then check.fail("it was told ", value) end
  end },
  { 3, "documented", "from the next number: waits for it", function(t)
    local topic, page = topic_with(t, 2)
    local started = t:start_poll(topic, 3, page)
    must_wait(t, started)
    local answer = publish_until_answered(t, topic, started)
    check.equal("3=after1", check.story(answer):match "^%S*", "the first message")
  end },
  { 3, "documented", "a message goes to everybody who waits", function(t)
    local topic, page = topic_with(t, 1)
    local one, other = t:start_poll(topic, 2, page), t:start_poll(topic, 2, page)
    must_wait(t, one)
    must_wait(t, other)
    check.equal("2=after1", check.story(publish_until_answered(t, topic, one)):match "^%S*", "one")
    check.equal("2=after1", check.story(t:finish(other)):match "^%S*", "the other")
  end },
  { 3, "documented", "from a number that is there: at once, and all after it",
    told(2, "current", "2=m2 3=m3") },
  { 3, "inferred", "from a number alone: as if the page were the current one",
    told(2, 0, "2=m2 3=m3") },
  { 3, "inferred", "from before the first: a discontinuity, and what is there",
    told(0, "current", "gap 0>1 1=m1 2=m2 3=m3") },
  { 3, "inferred", "from beyond the next: a discontinuity to it", function(t)
    local topic, page = topic_with(t, 2)
    check.equal("gap 2>3", check.story(t:poll(topic, 9, page)), "the answer")
  end },
  { 3, "inferred", "from another page: a discontinuity, and what is there",
    told(3, 1, "gap 2>1 1=m1 2=m2 3=m3") },
  { 3, "inferred", "a position that is no number is 400", function(t)
    check.refused(400, t:poll(t:topic(), "one"))
    check.refused(400, t:poll(t:topic(), 1, "-1"))
  end },
  -- These two wait beside all the other rules.
  { 3, "inferred", "at the end of the hold limit, with a position: no items",
    function(t, started) check.equal("", check.story(t:finish(started)), "the answer") end,
    ahead = function(t)
      local topic, page = topic_with(t, 1)
      return t:start_poll(topic, 2, page)
    end },
  { 3, "inferred", "and without one: a discontinuity that gives it one",
    function(t, started) check.equal("gap 1>2", check.story(t:finish(started)), "the answer") end,
    ahead = function(t) return t:start_poll((topic_with(t, 1))) end },
}
