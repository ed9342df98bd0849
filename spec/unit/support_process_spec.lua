local process = require "spec.support.process"

describe("spec.support.process", function()
  it("gives output, errors and exit code apart", function()
    local child = process.start { "sh", "-c", "echo out; echo err >&2; exit 7" }
    assert.equal(7, child:wait())
    assert.equal("out\n", child:output())
    assert.equal("err\n", child:errors())
  end)

  it("passes arguments, environment and stdin as they are", function()
    local child = process.start {
      "sh", "-c", 'printf "%s|%s|%s|" "$1" "$A" "${HOME-unset}"; cat', "sh", "it's $HOME",
      env = { A = "a 'b' $c", HOME = false },
      stdin = "line\n",
    }
    assert.equal(0, child:wait())
    assert.equal("it's $HOME|a 'b' $c|unset|line\n", child:output())
  end)

  it("feeds a process through a fifo", function()
    local child = process.start { "cat", stdin = "fifo" }
    child:write "one\n"
    child:wait_for_output "one\n"
    child:write "two\n"
    child:close_stdin()
    assert.equal(0, child:wait())
    assert.equal("one\ntwo\n", child:output())
  end)

  it("lets SIGINT end a process", function()
    local child = process.start { "sleep", "600" }
    child:kill "INT"
    assert.equal(128 + 2, child:wait())
  end)

  it("stops what ignores SIGTERM", function()
    local child = process.start {
      "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done",
    }
    child:wait_for_output "ready"
    child:stop(0.1)
    assert.equal(128 + 9, child:exit_code())
  end)

  it("gives 127 for a program that is not there", function()
    assert.equal(127, process.start({ "./no-such-program" }):wait())
  end)

  it("names a descendant left behind", function()
    local child = process.start { "sh", "-c", "sleep 599 & echo started" }
    child:wait_for_output "started"
    local left = process.stop_all(0.1)
    assert.matches("sleep 599", table.concat(left))
  end)
end)
