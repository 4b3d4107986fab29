-- Carts of BENCH_LINES of BENCH_PRODUCTS products, one piece of each.  They are
-- drawn beforehand.

dofile(os.getenv("BENCH_WRK") .. "/shop.lua")

local DRAW = 16384
local sequence = {}
local at = 0

local function draw(products, lines)
    local drawn, parts = {}, {}
    while #parts < lines do
        local k = math.random(products)
        if not drawn[k] then
            drawn[k] = true
            parts[#parts + 1] = shop.checkout(string.format("BN-%04d", k), 1)
        end
    end
    return '{"lines":[' .. table.concat(parts, ",") .. ']}'
end

function init(args)
    shop.seed()
    local products = tonumber(shop.env("BENCH_PRODUCTS", "1000"))
    local lines = tonumber(shop.env("BENCH_LINES", "3"))
    for i = 1, DRAW do
        sequence[i] = shop.prepare("POST", "/checkout", draw(products, lines))
    end
end

function request()
    at = at % DRAW + 1
    return sequence[at]
end
