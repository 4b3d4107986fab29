-- What the leak check sends: every kind of request that the module answers,
-- good and bad.  wrk -s leak.lua URL -- SEED PRODUCTS SHELVES

local threads = {}

function setup(thread)
    thread:set("number", #threads)
    table.insert(threads, thread)
end

local bad = {
    "", "{", "[]", "null", "\"D\"", "{\"sku\":\"D\",\"quantity\":0}",
    "{\"sku\":\"D\",\"quantity\":1.5}", "{\"sku\":\"D\",\"quantity\":\"2\"}",
    "{\"sku\":\"D\",\"quantity\":1000001}", "{\"sku\":\"\\ud800\"}",
    "{\"sku\":\"" .. string.rep("x", 201) .. "\",\"quantity\":1}",
    "{\"quantity\":1}", "{\"sku\":\"D\",\"quantity\":1}x", "\0\255\254",
    "{\"sku\":\"" .. string.rep("y", 20000) .. "\"}",
}

local json = "application/json"
local signature = string.rep("0a", 32)

function init(args)
    prefix = args[1] .. "-" .. number
    products, shelves = tonumber(args[2]), tonumber(args[3])
    math.randomseed(tonumber(args[1]) * 1000 + number)
    keys, last = 0, nil
    codes = {}
end

local function checkout(sku, quantity, key)
    local headers = { ["Content-Type"] = json }
    if key then
        headers["Idempotency-Key"] = key
    end
    return wrk.format("POST", "/checkout", headers, string.format(
        "{\"sku\":\"%s\",\"quantity\":%d}", sku, quantity))
end

local function product()
    return "P" .. math.random(products)
end

local function keyed()
    keys = keys + 1
    last = { sku = product(), key = string.format("\"%s-%d\"", prefix, keys) }
    return checkout(last.sku, 2, last.key)
end

local function callback()
    return wrk.format("POST", string.format("/product/P1?order=01a214de-a0"
        .. "61-73dd-9f16-%012x&signature=%s", math.random(2 ^ 31), signature),
        nil, "{\"MessageAttributeProductCnt\":\"10\"}")
end

function request()
    local roll = math.random(100)

    if roll <= 32 then
        return wrk.format("GET", "/product/" .. product())
    elseif roll <= 35 then
        return wrk.format("GET", "/product/none" .. roll)
    elseif roll <= 60 then
        return checkout(product(), math.random(3))
    elseif roll <= 74 or not last then
        return keyed()
    elseif roll <= 79 then
        return checkout(last.sku, 2, last.key)
    elseif roll <= 81 then
        return checkout(last.sku, 3, last.key)
    elseif roll <= 90 then
        return checkout("S" .. math.random(shelves), math.random(2))
    elseif roll <= 91 then
        return checkout("none", 1)
    elseif roll <= 97 then
        return wrk.format("POST", "/checkout", { ["Content-Type"] = json },
            bad[math.random(#bad)])
    elseif roll <= 98 then
        return wrk.format("DELETE", "/checkout")
    end
    return callback()
end

function response(status)
    codes[status] = (codes[status] or 0) + 1
end

function done()
    local all = {}
    for _, thread in ipairs(threads) do
        for status, count in pairs(thread:get("codes")) do
            all[status] = (all[status] or 0) + count
        end
    end
    for status, count in pairs(all) do
        io.write(string.format("answer %d %d\n", status, count))
    end
end
