'use strict';

/*
 * Counts the sales of the ledger by expanding its rows (sql/schema.sql); the
 * rows' own count is not trusted.
 */

const ENTRY = 10;                       /* hexadecimal digits of a sale */

/*
 * Rows of one sale without a list, as they all were before 0.2.0.  A cart has
 * the same number in the rows of several products: number 0 is counted once for
 * a transaction.
 */
const SINGLE = `
SELECT COUNT(DISTINCT movement_id), COALESCE(SUM(quantity > 0), 0)
FROM stock_movement
WHERE kind = 'sale' AND sales = 1 AND sale_list IS NULL AND quantity <> 0`;

/* Transactions that have such a row, and number 0 in another one, too. */
const BOTH = `
SELECT COUNT(DISTINCT one.movement_id)
FROM stock_movement one JOIN stock_movement other USING (movement_id)
WHERE one.kind = 'sale' AND one.sales = 1 AND one.sale_list IS NULL
    AND one.quantity <> 0 AND other.kind = 'sale'
    AND (other.sales > 1 AND other.sale_list IS NULL
        OR other.sale_list LIKE CONCAT(CHAR(0), CHAR(0), '%'))`;

const CONFIRMED = `
SELECT COALESCE(SUM(sales), 0) FROM stock_movement WHERE kind = 'confirm'`;

/* The other rows. */
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

/* The sales of a row, and whether it is inconsistent. */
function expand([id, quantityText, salesText, list]) {
    const sales = Number(salesText);
    const found = entries(sales, list);
    const pieces = found.reduce((sum, [, n]) => sum + n, 0);
    const ascending = found.every(([number], i) => i === 0
        || number > found[i - 1][0]);
    const wrong = pieces !== -Number(quantityText) || found.length !== sales
        || (list !== '-' && list.length !== ENTRY * sales) || !ascending
        || found.some(([, n]) => n < 1) || !id.endsWith('0000');
    return { numbers: found.map(([number]) => number), wrong };
}

/*
 * From rows() of a Database: { sales, wrong }, the numbers of sales, confirmed
 * holds included, and of inconsistent rows.
 */
async function count(database) {
    const [[single, gives]] = await database.rows(SINGLE);
    const [[both]] = await database.rows(BOTH);
    const [[confirmed]] = await database.rows(CONFIRMED);
    const all = { sales: Number(single) - Number(both) + Number(confirmed),
        wrong: Number(gives) };
    const seen = new Set();
    for (const row of await database.rows(ROWS)) {
        if (row.length !== 4) {
            continue;                   /* none */
        }
        const one = expand(row);
        all.wrong += one.wrong;
        for (const number of one.numbers) {
            seen.add(`${row[0]} ${number}`);
        }
    }
    all.sales += seen.size;
    return all;
}

module.exports = { count, expand };
