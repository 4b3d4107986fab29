-- Returns of one piece each.  Every twentieth request is the sale of the pieces
-- that are returned later, so that the sales become more than the connections:
-- two returns of one sale at a time would wait for each other.

dofile(os.getenv("BENCH_WRK") .. "/shop.lua")

local sale, before, after
local ids, left = {}, {}
local at, n = 0, 0

local EVERY = 20
local PIECES = 2 * EVERY

function init(args)
    local mark = "00000000-0000-0000-0000-000000000000"
    sale = shop.prepare("POST", "/checkout",
        shop.checkout(shop.env("BENCH_SKU", "CP-502101"), PIECES))
    local text = shop.prepare("POST", "/return",
        '{"sale_id":"' .. mark .. '","quantity":1}')
    local from, to = string.find(text, mark, 1, true)
    before = string.sub(text, 1, from - 1)
    after = string.sub(text, to + 1)
end

-- The sales in turns; one that is used up leaves its place to the last.
function request()
    n = n + 1
    if #ids == 0 or n % EVERY == 0 then
        return sale
    end
    at = at % #ids + 1
    local id = ids[at]
    left[at] = left[at] - 1
    if left[at] == 0 then
        ids[at], left[at] = ids[#ids], left[#ids]
        ids[#ids], left[#left] = nil, nil
    end
    return before .. id .. after
end

function response(status, headers, body)
    if string.find(body, "return_id", 1, true) then
        return
    end
    local id = string.match(body, '"sale_id":"([^"]+)"')
    if id then
        ids[#ids + 1] = id
        left[#left + 1] = PIECES
    end
end
