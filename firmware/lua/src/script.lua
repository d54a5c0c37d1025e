-- What firmware has scripts for: settings are read, rules are asked, and what they say is written out.

local Setting = {}
Setting.__index = Setting
Setting.__lt = function(one, other)
    return one.name < other.name
end
Setting.__concat = function(one, other)
    return tostring(one) .. tostring(other)
end
Setting.__tostring = function(setting)
    return setting.name .. ":" .. #setting.values
end

function Setting:add(value)
    self.values[#self.values + 1] = value
    return self
end

-- "a{b{c}d}" into tables: each brace is a call of this function.
local function parse(text, position)
    local found, name = {}, ""
    while position <= #text do
        local letter = text:sub(position, position)
        if letter == "{" then
            found[name], position = parse(text, position + 1)
            name = ""
        elseif letter == "}" then
            break
        else
            name = name .. letter
        end
        position = position + 1
    end
    if name ~= "" then
        found[#found + 1] = name
    end
    return found, position
end

local function depth(node)
    local deepest = 0
    for _, child in pairs(node) do
        if type(child) == "table" then
            deepest = math.max(deepest, depth(child))
        end
    end
    return deepest + 1
end

local function sorted(count)
    local settings = {}
    for i = 1, count do
        settings[i] = setmetatable({name = "s" .. (i * 7 % count), values = {}}, Setting)
        for value = 1, i % 4 do
            settings[i]:add(value)
        end
    end
    table.sort(settings)
    return settings
end

-- Rules are functions that look at what is there, and say what to do; one of them fails.
local function rules(round)
    return {
        function(settings)
            return settings[1] .. settings[2]
        end,
        function()
            return {parse("net{ip{v4}dns}log" .. round, 1)}
        end,
        function()
            error({round = round})
        end,
        function(settings)
            return (settings[1].name:gsub("s", "t"))
        end,
    }
end

local function walk(settings)
    for place, setting in ipairs(settings) do
        coroutine.yield(place .. "=" .. setting)
    end
end

for round = 1, ROUNDS do
    local tree = parse("net{ip{v" .. round .. "}dns{first{a}second{b}}}log{level}", 1)
    assert(depth(tree) == 4)
    local settings = sorted(4 + round % 3)
    for number, rule in ipairs(rules(round)) do
        local is_done, answer = pcall(rule, settings)
        assert(is_done == (number ~= 3))
        settings[#settings]:add(answer)
    end
    local lines = {}
    for line in coroutine.wrap(walk), settings do
        lines[#lines + 1] = line
    end
    assert(table.concat(lines, ";"):len() > round)
    local compiled = assert(load("local a = {...} return function() return a[1] .. '" .. round .. "' end"))
    assert(compiled("x")() == "x" .. round)
end
