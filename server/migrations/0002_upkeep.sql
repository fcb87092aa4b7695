-- Passkey upkeep, sessions that can be told apart, recovery codes, security events.

ALTER TABLE accounts ADD COLUMN second_factor BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN offer_dismissed_at BIGINT; -- "Create a passkey": not now
-- Grows with every change of names or passkeys that password managers should hear of.
ALTER TABLE accounts ADD COLUMN version BIGINT NOT NULL DEFAULT 0;

ALTER TABLE passkeys ADD COLUMN own_name TEXT;
ALTER TABLE passkeys ADD COLUMN last_used_with TEXT NOT NULL DEFAULT ''; -- browser and system
ALTER TABLE passkeys ADD COLUMN last_used_here BIGINT NOT NULL DEFAULT 0; -- platform attachment
ALTER TABLE passkeys ADD COLUMN verified_model BIGINT NOT NULL DEFAULT 0; -- attested

-- Grows when sessions are ended: what began before cannot begin one afterwards.
ALTER TABLE accounts ADD COLUMN sessions_epoch BIGINT NOT NULL DEFAULT 0;

-- The version that this session's browser was told; NULL: none yet.
ALTER TABLE sessions ADD COLUMN signalled BIGINT;
-- Sessions from before do not tell how they were signed in.
DELETE FROM sessions WHERE account_id IS NOT NULL;

CREATE TABLE recovery_codes (
    hash TEXT NOT NULL, -- SHA-256, unpadded base64url
    account_id TEXT NOT NULL,
    CONSTRAINT recovery_codes_hash_unique PRIMARY KEY (hash),
    CONSTRAINT recovery_codes_account_known
        FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX recovery_codes_by_account ON recovery_codes (account_id);

CREATE TABLE events (
    id TEXT NOT NULL, -- UUID
    account_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL, -- what the kind leaves open, such as a passkey's name
    browser TEXT NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT events_id_unique PRIMARY KEY (id),
    CONSTRAINT events_account_known
        FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX events_by_account ON events (account_id, at);
CREATE INDEX events_by_time ON events (at);

-- Orders outlive their account. Neither database changes a foreign key in place with
-- the words of the other, so both tables are made anew.
CREATE TABLE kept_orders AS SELECT * FROM orders;
CREATE TABLE kept_order_lines AS SELECT * FROM order_lines;
DROP TABLE order_lines;
DROP TABLE orders;

CREATE TABLE orders (
    number TEXT NOT NULL,
    account_id TEXT, -- NULL: the account was deleted
    placement TEXT NOT NULL, -- one showing of the checkout form
    delivery_name TEXT NOT NULL,
    delivery_address TEXT NOT NULL,
    total BIGINT NOT NULL, -- euro cents
    placed_at BIGINT NOT NULL,
    CONSTRAINT orders_number_unique PRIMARY KEY (number),
    CONSTRAINT orders_placement_unique UNIQUE (account_id, placement),
    CONSTRAINT orders_account_known
        FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE SET NULL
);

CREATE TABLE order_lines (
    order_number TEXT NOT NULL,
    position BIGINT NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    price BIGINT NOT NULL, -- euro cents
    quantity BIGINT NOT NULL,
    CONSTRAINT order_lines_position_unique PRIMARY KEY (order_number, position),
    CONSTRAINT order_lines_order_known
        FOREIGN KEY (order_number) REFERENCES orders (number) ON DELETE CASCADE
);

INSERT INTO orders
    SELECT number, account_id, placement, delivery_name, delivery_address, total, placed_at
    FROM kept_orders;
INSERT INTO order_lines
    SELECT order_number, position, slug, name, price, quantity FROM kept_order_lines;
DROP TABLE kept_order_lines;
DROP TABLE kept_orders;
