-- Nine look-ups to one checkout.

dofile(os.getenv("BENCH_WRK") .. "/shop.lua")

local lookup, checkout
local at = 0

function init(args)
    lookup = shop.prepare("GET", "/product/donut")
    checkout = shop.prepare("POST", "/checkout",
        shop.checkout("CP-502101", 1))
    at = thread_number * 5
end

function request()
    at = at + 1
    if at % 10 == 0 then
        return checkout
    end
    return lookup
end
