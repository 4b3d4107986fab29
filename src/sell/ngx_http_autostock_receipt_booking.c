
/*
 * The queries of a receipt: the order's row, then the booking.
 */


#include "ngx_http_autostock_receipt_booking.h"
#include "ngx_http_autostock_barrier.h"

#include "as_uuid.h"


static ngx_int_t ngx_http_autostock_receipt_booking_row(void *data,
    ngx_uint_t statement, ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_autostock_receipt_booking_product(
    ngx_http_autostock_receipt_flight_t *rf, ngx_str_t *same);
static void ngx_http_autostock_receipt_booking_read(void *data, ngx_int_t rc);
static void ngx_http_autostock_receipt_booking_barrier_done(void *data,
    ngx_int_t rc);
static void ngx_http_autostock_receipt_booking_write(
    ngx_http_autostock_receipt_flight_t *rf);
static void ngx_http_autostock_receipt_booking_written(void *data,
    ngx_int_t rc);
static ngx_uint_t ngx_http_autostock_receipt_booking_behind(
    ngx_http_autostock_booking_t *booking);
static ngx_int_t ngx_http_autostock_receipt_booking_stock(void *data,
    ngx_uint_t statement, ngx_str_t *columns, ngx_uint_t n);


void
ngx_http_autostock_receipt_booking_start(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_sql_t             *sql;
    ngx_http_autostock_database_t        *db;
    ngx_http_autostock_receipt_flight_t  *rf;

    rf = (ngx_http_autostock_receipt_flight_t *) flight;
    rf->seen = 0;
    rf->locked = 0;

    if (rf->booking->bound && rf->booking->bound != flight->conn->server) {
        /* another attempt on another server is in doubt */
        flight->taker.bound = rf->booking->bound;
        ngx_http_autostock_flight_again(flight, 0, "it is not its server's");
        return;
    }

    if (ngx_http_autostock_flight_is_standby(flight)) {
        ngx_http_autostock_flight_elsewhere(flight, "its server is read-only");
        return;
    }

    sql = &flight->sql;
    ngx_http_autostock_sql_reset(sql);

    ngx_http_autostock_sql_text(sql,
        "SELECT o.state,o.quantity,o.received,o.product_id,p.stock,"
        "(SELECT movement_id FROM stock_movement_key"
        " WHERE idempotency_key=o.order_id),"
        "o.fulfilled_at>UTC_TIMESTAMP(6)-INTERVAL 1 MINUTE,");

    db = flight->batch->db;

    if (db->traces) {
        ngx_http_autostock_sql_text(sql,
            "(SELECT traceparent FROM restock_order_trace t"
            " WHERE t.order_id=o.order_id AND t.product_id=o.product_id),");

    } else {
        ngx_http_autostock_sql_text(sql, "NULL,");
    }

    if (db->exact_sku) {
        ngx_http_autostock_sql_text(sql,
            "CAST(CONVERT(p.sku USING utf8mb4)AS BINARY)=");
        ngx_http_autostock_sql_binary(sql, rf->booking->product.data,
                                      rf->booking->product.len);

    } else {
        ngx_http_autostock_sql_text(sql, "p.sku=");
        ngx_http_autostock_column_sku(sql, &flight->conn->sku,
                                      &rf->booking->product);
    }

    ngx_http_autostock_sql_text(sql,
        " FROM restock_order o LEFT JOIN product p"
        " ON p.product_id=o.product_id WHERE o.order_id=");
    ngx_http_autostock_sql_binary(sql, rf->booking->order_id, 16);

    ngx_http_autostock_flight_query(flight,
                                    ngx_http_autostock_receipt_booking_row,
                                    ngx_http_autostock_receipt_booking_read);
}


static ngx_int_t
ngx_http_autostock_receipt_booking_row(void *data, ngx_uint_t statement,
    ngx_str_t *columns, ngx_uint_t n)
{
    as_trace_t                            trace;
    ngx_int_t                             ordered, received;
    ngx_http_autostock_receipt_flight_t  *rf = data;

    if (n != 9 || rf->seen || columns[3].len != 16) {
        return NGX_ERROR;
    }

    ordered = ngx_atoi(columns[1].data, columns[1].len);
    received = ngx_atoi(columns[2].data, columns[2].len);

    if (ordered == NGX_ERROR || received == NGX_ERROR) {
        return NGX_ERROR;
    }

    rf->seen = 1;
    rf->ordered = (uint32_t) ordered;
    rf->received = (uint32_t) received;
    rf->fulfilled = columns[0].len == sizeof("fulfilled") - 1
                    && ngx_memcmp(columns[0].data, "fulfilled",
                                  sizeof("fulfilled") - 1) == 0;
    rf->gone = columns[4].data == NULL;
    rf->stock = columns[4].data ? ngx_atoof(columns[4].data, columns[4].len)
                                : -1;
    rf->ours = columns[5].len == 16
               && ngx_memcmp(columns[5].data, rf->booking->id, 16) == 0;
    rf->fresh = columns[6].len == 1 && columns[6].data[0] == '1';
    ngx_memcpy(rf->booking->product_id, columns[3].data, 16);

    if (columns[7].data
        && as_trace_parse((char *) columns[7].data, columns[7].len, &trace)
           == 0)
    {
        rf->booking->trace = trace;
    }

    return ngx_http_autostock_receipt_booking_product(rf, &columns[8]);
}


/*
 * The callback may name its product by UUID, by SKU, or not at all.  The SKU of
 * a deleted product cannot be compared.
 */

static ngx_int_t
ngx_http_autostock_receipt_booking_product(
    ngx_http_autostock_receipt_flight_t *rf, ngx_str_t *same)
{
    uint8_t     id[AS_UUID_LEN];
    ngx_str_t  *product;

    product = &rf->booking->product;

    rf->same = product->len == 0
               || rf->gone
               || (same->len == 1 && same->data[0] == '1')
               || (as_uuid_parse((char *) product->data, product->len, id)
                   == 0
                   && ngx_memcmp(id, rf->booking->product_id, AS_UUID_LEN)
                      == 0);

    return NGX_OK;
}


static void
ngx_http_autostock_receipt_booking_read(void *data, ngx_int_t rc)
{
    ngx_http_autostock_receipt_flight_t  *rf = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_receipt_failure_judge(rf, rc);
        return;
    }

    if (!rf->seen) {
        ngx_http_autostock_receipt_finish(rf,
                                          NGX_HTTP_AUTOSTOCK_RECEIPT_NO_ORDER);
        return;
    }

    if (!rf->same) {
        ngx_http_autostock_receipt_finish(rf,
                                   NGX_HTTP_AUTOSTOCK_RECEIPT_WRONG_PRODUCT);
        return;
    }

    if (rf->fulfilled && rf->fresh) {
        ngx_http_autostock_sql_reset(&rf->flight.sql);
        ngx_http_autostock_barrier_write(&rf->flight.sql,
                                         rf->booking->product_id);
        ngx_http_autostock_flight_query(&rf->flight, NULL,
                               ngx_http_autostock_receipt_booking_barrier_done);
        return;
    }

    if (rf->fulfilled) {
        ngx_http_autostock_receipt_finish(rf, rf->ours
                                       ? NGX_HTTP_AUTOSTOCK_RECEIPT_BOOKED
                                       : NGX_HTTP_AUTOSTOCK_RECEIPT_REPLAYED);
        return;
    }

    if (rf->booking->quantity == 0) {
        rf->booking->quantity = rf->ordered;
    }

    if (rf->booking->quantity > rf->ordered) {
        ngx_http_autostock_receipt_finish(rf,
                                          NGX_HTTP_AUTOSTOCK_RECEIPT_TOO_MANY);
        return;
    }

    if (rf->gone) {
        ngx_http_autostock_receipt_failure_fail(rf,
                                                NGX_HTTP_AUTOSTOCK_RECEIPT_GONE,
                                                "its product was deleted");
        return;
    }

    if (ngx_http_autostock_receipt_booking_behind(rf->booking)) {
        ngx_http_autostock_receipt_failure_again(rf,
                                                 "the product's row is locked");
        return;
    }

    ngx_http_autostock_receipt_booking_write(rf);
}


/*
 * 1 if another receipt already waits for the product's row.  Only one of them
 * may: the others would use connections that receipts of other products need.
 */

static ngx_uint_t
ngx_http_autostock_receipt_booking_behind(ngx_http_autostock_booking_t *booking)
{
    ngx_queue_t                   *q;
    ngx_http_autostock_booking_t  *other;

    if (booking->locked) {
        return 0;
    }

    for (q = ngx_queue_head(&booking->db->stuck);
         q != ngx_queue_sentinel(&booking->db->stuck);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_http_autostock_booking_t, stuck);

        if (ngx_memcmp(other->product_id, booking->product_id, 16) == 0) {
            return 1;
        }
    }

    return 0;
}


/* the rows that were read are on disk, see ngx_http_autostock_barrier.h */

static void
ngx_http_autostock_receipt_booking_barrier_done(void *data, ngx_int_t rc)
{
    ngx_http_autostock_receipt_flight_t  *rf = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_receipt_failure_judge(rf, rc);
        return;
    }

    rf->fresh = 0;
    ngx_http_autostock_receipt_booking_read(data, NGX_OK);
}


/*
 * The order's id as a key prevents a second booking, even by a lost packet that
 * arrives late.  The guards prevent a booking without a product or an order.
 */

static void
ngx_http_autostock_receipt_booking_write(
    ngx_http_autostock_receipt_flight_t *rf)
{
    ngx_http_autostock_sql_t      *sql;
    ngx_http_autostock_booking_t  *booking;

    sql = &rf->flight.sql;
    booking = rf->booking;

    ngx_http_autostock_sql_reset(sql);

    ngx_http_autostock_sql_text(sql,
        "BEGIN;INSERT INTO stock_movement(movement_id,product_id,kind,"
        "quantity,idempotency_key,order_id)VALUES(");
    ngx_http_autostock_sql_binary(sql, booking->id, 16);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_binary(sql, booking->product_id, 16);
    ngx_http_autostock_sql_text(sql, ",'restock',");
    ngx_http_autostock_sql_number(sql, booking->quantity);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_binary(sql, booking->order_id, 16);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_binary(sql, booking->order_id, 16);

    ngx_http_autostock_sql_text(sql,
        ");INSERT INTO stock_movement_key(idempotency_key,movement_id,"
        "product_id)VALUES(");
    ngx_http_autostock_sql_binary(sql, booking->order_id, 16);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_binary(sql, booking->id, 16);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_binary(sql, booking->product_id, 16);

    ngx_http_autostock_sql_text(sql,
        ");UPDATE product SET stock=stock+");
    ngx_http_autostock_sql_number(sql, booking->quantity);
    ngx_http_autostock_sql_text(sql, " WHERE product_id=");
    ngx_http_autostock_sql_binary(sql, booking->product_id, 16);

    ngx_http_autostock_sql_text(sql,
        ";" NGX_HTTP_AUTOSTOCK_SQL_IF_ROWS "1" NGX_HTTP_AUTOSTOCK_SQL_OR_FAIL
        ";SELECT stock FROM product WHERE product_id=");
    ngx_http_autostock_sql_binary(sql, booking->product_id, 16);

    ngx_http_autostock_sql_text(sql,
        ";UPDATE restock_order SET state='fulfilled',received=");
    ngx_http_autostock_sql_number(sql, booking->quantity);
    ngx_http_autostock_sql_text(sql,
        ",fulfilled_at=UTC_TIMESTAMP(6),lease_until=NULL,lease_owner=NULL"
        " WHERE state<>'fulfilled' AND order_id=");
    ngx_http_autostock_sql_binary(sql, booking->order_id, 16);
    ngx_http_autostock_sql_text(sql,
        ";" NGX_HTTP_AUTOSTOCK_SQL_IF_ROWS "1" NGX_HTTP_AUTOSTOCK_SQL_OR_FAIL
        ";COMMIT");

    booking->sent = 1;
    ngx_http_autostock_flight_query(&rf->flight,
                                    ngx_http_autostock_receipt_booking_stock,
                                    ngx_http_autostock_receipt_booking_written);
}


/*
 * The stock is read within the transaction.  LAST_INSERT_ID(), which would save
 * the SELECT, may be changed by a trigger of the shop on product.
 */

static ngx_int_t
ngx_http_autostock_receipt_booking_stock(void *data, ngx_uint_t statement,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_http_autostock_receipt_flight_t  *rf = data;

    if (n != 1) {
        return NGX_ERROR;
    }

    rf->stock = ngx_atoof(columns[0].data, columns[0].len);

    return NGX_OK;
}


static void
ngx_http_autostock_receipt_booking_written(void *data, ngx_int_t rc)
{
    ngx_http_autostock_receipt_flight_t  *rf = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_receipt_failure_judge(rf, rc);
        return;
    }

    rf->booking->sent = 0;
    rf->received = rf->booking->quantity;
    ngx_http_autostock_receipt_finish(rf, NGX_HTTP_AUTOSTOCK_RECEIPT_BOOKED);
}
