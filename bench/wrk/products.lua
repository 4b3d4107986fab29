-- Checkouts of BENCH_PRODUCTS products, each alike, or, with BENCH_ZIPF=s,
-- the k-th as often as 1/k^s.  The draw is made beforehand.

dofile(os.getenv("BENCH_WRK") .. "/shop.lua")

local DRAW = 65536
local sequence = {}
local at = 0

local function cumulated(products, s)
    local sums, sum = {}, 0
    for k = 1, products do
        sum = sum + 1 / k ^ s
        sums[k] = sum
    end
    return sums, sum
end

local function find(sums, value)
    local low, high = 1, #sums
    while low < high do
        local middle = math.floor((low + high) / 2)
        if sums[middle] < value then
            low = middle + 1
        else
            high = middle
        end
    end
    return low
end

function init(args)
    shop.seed()
    local products = tonumber(shop.env("BENCH_PRODUCTS", "1000"))
    local sums, sum = cumulated(products, tonumber(shop.env("BENCH_ZIPF", "0")))
    local requests = {}
    for k = 1, products do
        requests[k] = shop.prepare("POST", "/checkout",
            shop.checkout(string.format("BN-%04d", k), 1))
    end
    for i = 1, DRAW do
        sequence[i] = requests[find(sums, math.random() * sum)]
    end
end

function request()
    at = at % DRAW + 1
    return sequence[at]
end
