'use strict';

function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle]
        : (sorted[middle - 1] + sorted[middle]) / 2;
}

function spread(values) {
    return { median: median(values), min: Math.min(...values),
        max: Math.max(...values) };
}

/* The statistics of one number over several rounds. */
function field(rounds, name) {
    const values = rounds.map((one) => one[name])
        .filter((value) => Number.isFinite(value));
    return values.length ? spread(values) : null;
}

/* Compares the results of each round, then takes the median. */
function compare(rounds, others, name, how) {
    const values = rounds.slice(0, others.length).map(
        (one, i) => how(one[name], others[i][name]));
    return values.length && values.every(Number.isFinite)
        ? spread(values) : null;
}

module.exports = { compare, field, median, spread };
