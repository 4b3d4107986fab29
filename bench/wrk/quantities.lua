-- Checkouts of 1 to 5 pieces of one product, each quantity alike.

dofile(os.getenv("BENCH_WRK") .. "/shop.lua")

local requests = {}
local at = 0

function init(args)
    for quantity = 1, 5 do
        requests[quantity] = shop.prepare("POST", "/checkout",
            shop.checkout(shop.env("BENCH_SKU", "CP-502101"), quantity))
    end
    at = thread_number
end

function request()
    at = at % 5 + 1
    return requests[at]
end
