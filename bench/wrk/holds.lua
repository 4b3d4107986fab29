-- Holds of one piece, each confirmed as soon as it is answered: both are
-- requests that count.  A script does not know which of its connections has
-- answered; so the ids that have come in wait for the next request of any.

dofile(os.getenv("BENCH_WRK") .. "/shop.lua")

local hold, before, after
local ids = {}
local first, last = 1, 0

function init(args)
    local mark = "00000000-0000-0000-0000-000000000000"
    hold = shop.prepare("POST", "/hold",
        shop.checkout(shop.env("BENCH_SKU", "CP-502101"), 1))
    local text = shop.prepare("POST", "/hold/confirm",
        '{"hold_id":"' .. mark .. '"}')
    local from, to = string.find(text, mark, 1, true)
    before = string.sub(text, 1, from - 1)
    after = string.sub(text, to + 1)
end

function request()
    if first > last then
        return hold
    end
    local id = ids[first]
    ids[first] = nil
    first = first + 1
    return before .. id .. after
end

function response(status, headers, body)
    local id = string.match(body, '"hold_id":"([^"]+)"')
    if id then
        last = last + 1
        ids[last] = id
    end
end
