'use strict';

/*
 * Counts the sales of the ledger by expanding its rows (sql/schema.sql); the
 * rows' own count is not trusted.
 */

const ENTRY = 10;                       /* hexadecimal digits of a sale */

/* Rows of one sale without a list, as they all were before 0.2.0. */
const SINGLE = `
SELECT COUNT(*), COALESCE(SUM(quantity > 0), 0) FROM stock_movement
WHERE kind = 'sale' AND sales = 1 AND sale_list IS NULL AND quantity <> 0`;

/* The others. */
const ROWS = `
SELECT HEX(movement_id), quantity, sales, COALESCE(HEX(sale_list), '-')
FROM stock_movement
WHERE kind = 'sale' AND (sales <> 1 OR sale_list IS NOT NULL)`;

/* [number, pieces] of each sale of a row. */
function entries(sales, list) {
    if (list === '-') {
        return Array.from({ length: sales }, (_, number) => [number, 1]);
    }
    const found = [];
    for (let at = 0; at + ENTRY <= list.length; at += ENTRY) {
        found.push([parseInt(list.slice(at, at + 4), 16),
            parseInt(list.slice(at + 4, at + ENTRY), 16)]);
    }
    return found;
}

/* The sales of a row, and whether it is wrong. */
function expand([id, quantityText, salesText, list]) {
    const sales = Number(salesText);
    const found = entries(sales, list);
    const pieces = found.reduce((sum, [, n]) => sum + n, 0);
    const ascending = found.every(([number], i) => i === 0
        || number > found[i - 1][0]);
    const wrong = pieces !== -Number(quantityText) || found.length !== sales
        || (list !== '-' && list.length !== ENTRY * sales) || !ascending
        || found.some(([, n]) => n < 1) || !id.endsWith('0000');
    return { sales: found.length, wrong };
}

/* rows() of a Database; { sales, wrong }: how many, and the rows that are. */
async function count(database) {
    const [[single, gives]] = await database.rows(SINGLE);
    const all = { sales: Number(single), wrong: Number(gives) };
    for (const row of await database.rows(ROWS)) {
        if (row.length !== 4) {
            continue;                   /* none */
        }
        const one = expand(row);
        all.sales += one.sales;
        all.wrong += one.wrong;
    }
    return all;
}

module.exports = { count, expand };
