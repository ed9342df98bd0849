-- The backlog that listeners of the nginx hub read from: where a position is found, what is kept.

local Backlog = require "momento.ngx.backlog"

local function at(number, page) return { sequence_number = number, sequence_page = page or 7 } end

local function message(number, page)
  return { kind = "message", sequence_number = number, sequence_page = page or 7 }
end

local function gap(number, page)
  return { kind = "discontinuity", new_sequence_number = number, new_sequence_page = page or 7 }
end

-- The numbers of the items from an index on.
local function rest(backlog, index)
  local numbers = {}
  for i = index, backlog.next - 1 do
    local item = backlog:at(i)
    numbers[#numbers + 1] = item.sequence_number or item.kind
  end
  return table.concat(numbers, " ")
end

describe("the hub's backlog", function()
  it("goes on after any position that it has", function()
    local backlog = Backlog.new(10, at(2))
    for number = 3, 5 do backlog:push(message(number)) end
    local expected = { [2] = "3 4 5", [3] = "4 5", [4] = "5", [5] = "" }
    for number, numbers in pairs(expected) do
      assert.equal(numbers, rest(backlog, backlog:find(at(number))))
    end
    assert.same(at(5), backlog.position)
  end)

  it("does not know positions that it never had, before, after or elsewhere", function()
    local backlog = Backlog.new(10, at(2))
    backlog:push(message(3))
    for _, position in ipairs { at(1), at(4), at(1000), at(2, 8), at(3, 6), at(3, 0), at(0, 0) } do
      assert.is_nil(backlog:find(position))
    end
  end)

  it("knows the place before its first message when it started from nothing", function()
    local backlog = Backlog.new(10)
    assert.is_nil(backlog.position)
    assert.is_nil(backlog:find(at(3)))
    backlog:push(message(4))
    assert.equal("4", rest(backlog, backlog:find(at(3))))
  end)

  it("finds the place after a discontinuity, and the one before it", function()
    local backlog = Backlog.new(10, at(5))
    backlog:push(gap(1, 8))
    backlog:push(message(1, 8))
    assert.equal("discontinuity 1", rest(backlog, backlog:find(at(5))))
    assert.equal("1", rest(backlog, backlog:find(at(0, 8))))
    assert.equal("", rest(backlog, backlog:find(at(1, 8))))
  end)

  it("lets items without a position stand between", function()
    local backlog = Backlog.new(10, at(5))
    backlog:push { kind = "lost" }
    backlog:push(message(6))
    assert.equal("6", rest(backlog, backlog:find(at(5))))
    assert.equal("lost 6", rest(backlog, 1))
  end)

  it("gives the position after an item with it, if the item moves it", function()
    local backlog = Backlog.new(10, at(5))
    for _, item in ipairs { message(6), { kind = "lost" }, gap(9, 8), { kind = "restored" } } do
      backlog:push(item)
    end
    local expected = { at(6), nil, at(8, 8), nil }
    for index = 1, 4 do assert.same(expected[index], (select(2, backlog:at(index)))) end
    assert.same(at(8, 8), backlog.position)
  end)

  it("drops the oldest, and the places before them", function()
    local backlog = Backlog.new(2, at(0))
    for number = 1, 5 do backlog:push(message(number)) end
    assert.same({ 4, 6 }, { backlog.first, backlog.next })
    assert.is_nil(backlog:at(3))
    assert.is_nil(backlog:find(at(2)))
    assert.equal("4 5", rest(backlog, backlog:find(at(3))))
    backlog:grow(1)
    backlog:grow(4)
    for number = 6, 9 do backlog:push(message(number)) end
    assert.equal("6 7 8 9", rest(backlog, backlog.first))
  end)

  it("drops a place together with the last of the items before it", function()
    local backlog = Backlog.new(1, at(5))
    backlog:push { kind = "lost" }
    backlog:push { kind = "restored" }
    assert.equal("", rest(backlog, backlog:find(at(5))))
    backlog:push(message(6))
    assert.equal("6", rest(backlog, backlog:find(at(5))))
    backlog:push(message(7))
    assert.is_nil(backlog:find(at(5)))
  end)

  it("takes a number for the same whether it came as a number or as text", function()
    local backlog = Backlog.new(10, at("12", "7"))
    assert.equal(1, backlog:find(at(12)))
    backlog:push(message("9007199254740993"))
    assert.equal(2, backlog:find(at("9007199254740993", "7")))
  end)

  it("counts down from a discontinuity, past what a double holds too", function()
    for number, before in pairs {
      [0] = 0, [1] = 0, [10] = 9,
      ["9007199254740993"] = "9007199254740992",
      ["10000000000000000000"] = "9999999999999999999",
      ["18446744073709551615"] = "18446744073709551614",
    } do
      assert.same(at(before), Backlog.position_after(gap(number)))
    end
    assert.is_nil(Backlog.position_after { kind = "lost" })
  end)
end)
