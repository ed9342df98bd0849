-- How LÖVE starts the chat room. With --headless among the arguments it has no window, graphics or
-- audio: a bot, or a test.

local headless = false
for _, word in ipairs(arg or {}) do headless = headless or word == "--headless" end

function love.conf(t)
  t.identity = "momento-chat"
  t.version = "11.4"
  t.window.title = "Chat room"
  t.window.width, t.window.height = 820, 560
  t.window.minwidth, t.window.minheight = 480, 320
  t.window.resizable = true
  t.modules.audio, t.modules.sound, t.modules.physics, t.modules.video = false, false, false, false
  t.modules.joystick = false
  if headless then
    t.window = false
    t.modules.window, t.modules.graphics, t.modules.font = false, false, false
    t.modules.keyboard, t.modules.mouse, t.modules.touch = false, false, false
  end
end
