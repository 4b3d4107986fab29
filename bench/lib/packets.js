'use strict';

/*
 * Forms of a sale's transaction for the bare client: what each costs the
 * database (docs/benchmark.md).  "now" is what the module sends if the database
 * does not have the procedure autostock_sell; with it, the module's packet is
 * like "call-track".  {id}, {product} and {n}, the number of sales, are filled
 * in by bench/load/bare.c.
 */

const COLUMNS = 'stock_movement(movement_id,product_id,kind,quantity,sales,'
    + 'sale_list)';
const INSERT = `INSERT INTO ${COLUMNS}`
    + "VALUES(x'{id}',x'{product}','sale',-{n},{n},NULL)";
const UPDATE = 'UPDATE product SET stock=LAST_INSERT_ID(stock-IF('
    + "sku=_utf8mb4 x'43502d353032313031' COLLATE utf8mb4_bin"
    + ' AND stock>reorder_point+{n},{n},~0+stock+1))'
    + "WHERE product_id=x'{product}'";
const GUARDED = 'IF(ROW_COUNT()=1,1,~0+ROW_COUNT()+2)';
const GUARD = `SET @autostock=${GUARDED}`;
const NOW = ['BEGIN', INSERT, UPDATE, GUARD, 'COMMIT'];
const CALL = "(x'{id}',x'{product}',_utf8mb4 x'43502d353032313031',{n},{n},"
    + 'NULL)';
const LEFT = 'SELECT LAST_INSERT_ID()';

const PACKETS = {
    now: { packet: NOW },
    'no-begin': { packet: NOW.slice(1), session: 'SET autocommit=0' },
    'no-guard': { packet: ['BEGIN', INSERT, UPDATE, 'COMMIT'] },
    /* autocommit=1 commits: guard and COMMIT are one statement */
    autocommit: { packet: ['SET autocommit=0', INSERT, UPDATE,
        'SET autocommit=IF(ROW_COUNT()=1,1,2)'] },
    'update-first': { packet: ['BEGIN', UPDATE,
        INSERT.replace('-{n},', `-{n}*${GUARDED},`), 'COMMIT'] },
    short: { packet: NOW.map((text) => text.replace(/x'({\w+})'/g, '0x$1')
        .replace(',sale_list)', ')').replace(',NULL)', ')')) },
    prepared: { packet: ['BEGIN', "EXECUTE ledger USING x'{id}',x'{product}',"
        + '-{n},{n}', UPDATE, GUARD, 'COMMIT'],
    session: `PREPARE ledger FROM 'INSERT INTO ${COLUMNS}`
        + "VALUES(?,?,''sale'',?,?,NULL)'" },
    compound: { packet: ['BEGIN NOT ATOMIC START TRANSACTION',
        ...NOW.slice(1, -1), LEFT, 'COMMIT', 'END'] },
    /* a procedure that returns the stock before it commits */
    call: { packet: [`CALL bench_call${CALL}`] },
    /* after it; a COMMIT that fails returns a row before its error */
    'call-handler': { packet: [`CALL bench_call_handler${CALL}`] },
    /* in its OK packet, as a changed session variable */
    'call-track': { packet: [`CALL bench_call_track${CALL}`],
        session: "SET session_track_system_variables='last_insert_id'" },
};

function procedure(name, end) {
    return `CREATE PROCEDURE ${name}(t BINARY(16), p BINARY(16),
        s VARCHAR(200) CHARACTER SET utf8mb4, pieces INT, n INT,
        list MEDIUMBLOB) SQL SECURITY INVOKER
    BEGIN
        START TRANSACTION;
        INSERT INTO ${COLUMNS} VALUES (t, p, 'sale', -pieces, n, list);
        UPDATE product SET stock = LAST_INSERT_ID(stock
            - IF(sku = s COLLATE utf8mb4_bin
                AND stock > reorder_point + pieces, pieces, ~0 + stock + 1))
            WHERE product_id = p;
        IF ROW_COUNT() <> 1 THEN
            SIGNAL SQLSTATE '22003' SET MYSQL_ERRNO = 1690;
        END IF;
        ${end}
    END//\n`;
}

/* For the mariadb client. */
const PROCEDURES = 'DELIMITER //\n'
    + procedure('bench_call', `${LEFT}; COMMIT;`)
    + procedure('bench_call_handler', `BEGIN
            DECLARE EXIT HANDLER FOR SQLEXCEPTION
                BEGIN SELECT NULL; RESIGNAL; END;
            COMMIT;
        END;
        ${LEFT};`)
    + procedure('bench_call_track',
        'COMMIT; SET last_insert_id = LAST_INSERT_ID();');

function packetOptions(name) {
    const { packet, session } = PACKETS[name];
    return ['--packet', packet.join(';'),
        ...(session ? ['--session', session] : [])];
}

module.exports = { PACKETS, PROCEDURES, packetOptions };
