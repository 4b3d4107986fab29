'use strict';

/*
 * The shop as a Node developer would write it with care: fastify, a mysql2
 * pool, prepared statements, one transaction a sale, two processes.  The same
 * transaction as autostock's: ledger row first, the contended row last.
 *
 *     SOCKET USER PASSWORD DATABASE PORT PROCESSES POOL   in the environment
 */

const cluster = require('node:cluster');
const crypto = require('node:crypto');

const INSERT = 'INSERT INTO stock_movement'
    + " (movement_id, product_id, kind, quantity) VALUES (?, ?, 'sale', ?)";
const UPDATE = 'UPDATE product SET stock = LAST_INSERT_ID(stock - ?)'
    + ' WHERE product_id = ? AND stock >= ?';
const PRODUCT = 'SELECT product_id, stock FROM product WHERE sku = ?';

const env = process.env;

/*
 * UUID version 7, so that the ledger's inserts are local here, too.  The last
 * two bytes are the number of the transaction's only sale, 0.
 */
function movementId() {
    const id = crypto.randomBytes(16);
    id.writeUIntBE(Date.now(), 0, 6);
    id[6] = (id[6] & 0x0f) | 0x70;
    id[8] = (id[8] & 0x3f) | 0x80;
    id.writeUInt16BE(0, 14);
    return id;
}

function uuidText(id) {
    const hex = id.toString('hex');
    return hex.slice(0, 8) + '-' + hex.slice(8, 12) + '-' + hex.slice(12, 16)
        + '-' + hex.slice(16, 20) + '-' + hex.slice(20);
}

/* The number of pieces left, or -1 where there were not enough. */
async function sell(pool, id, productId, quantity) {
    const connection = await pool.getConnection();
    try {
        await connection.beginTransaction();
        await connection.execute(INSERT, [id, productId, -quantity]);
        const [result] = await connection.execute(UPDATE,
            [quantity, productId, quantity]);
        if (result.affectedRows === 0) {
            await connection.rollback();
            return -1;
        }
        await connection.commit();
        return result.insertId;
    } catch (error) {
        await connection.rollback();
        throw error;
    } finally {
        connection.release();
    }
}

/* A product's id never changes: it is looked up once. */
async function findProduct(pool, products, sku) {
    let id = products.get(sku);
    if (id === undefined) {
        const [rows] = await pool.execute(PRODUCT, [sku]);
        if (rows.length === 0) {
            return undefined;
        }
        id = rows[0].product_id;
        products.set(sku, id);
    }
    return id;
}

async function checkout(pool, products, request, reply) {
    const { sku = 'CP-502101', quantity = 1 } = request.body || {};
    if (!Number.isInteger(quantity) || quantity < 1 || quantity > 1000000) {
        return reply.code(400).send({ message: 'quantity: 1 to 1000000' });
    }
    const productId = await findProduct(pool, products, sku);
    if (productId === undefined) {
        return reply.code(404).send({ message: '상품 없음' });
    }
    const id = movementId();
    const stock = await sell(pool, id, productId, quantity);
    if (stock < 0) {
        const [rows] = await pool.execute(PRODUCT, [sku]);
        return reply.code(409).send({
            message: `구매 실패! 남은 재고: ${rows[0].stock}`,
            sku, stock: rows[0].stock,
        });
    }
    return reply.send({
        message: `구매 완료! 남은 재고: ${stock}`,
        sale_id: uuidText(id), sku, quantity, stock,
    });
}

const ANSWER = {
    response: { 200: { type: 'object', properties: {
        message: { type: 'string' }, sale_id: { type: 'string' },
        sku: { type: 'string' }, quantity: { type: 'integer' },
        stock: { type: 'integer' },
    } } },
};

async function serve() {
    const pool = require('mysql2/promise').createPool({
        socketPath: env.SOCKET, user: env.USER, password: env.PASSWORD,
        database: env.DATABASE, connectionLimit: Number(env.POOL),
    });
    pool.pool.on('connection', (connection) => {
        connection.query(
            'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
    });
    const products = new Map();
    const app = require('fastify')({ logger: false, keepAliveTimeout: 600000 });
    app.post('/checkout', { schema: ANSWER },
        (request, reply) => checkout(pool, products, request, reply));
    await app.listen({ port: Number(env.PORT), host: '127.0.0.1',
        backlog: 4096 });
}

if (cluster.isPrimary) {
    const stop = () => {
        for (const worker of Object.values(cluster.workers)) {
            worker.process.kill('SIGKILL');
        }
        process.exit(0);
    };
    process.on('SIGTERM', stop);
    process.on('disconnect', stop);
    for (let i = 0; i < Number(env.PROCESSES); i++) {
        cluster.fork();
    }
} else {
    serve().catch((error) => {
        console.error(error);
        process.exit(1);
    });
}
