-- One schema for SQLite and PostgreSQL: TEXT and BIGINT only. Times are Unix
-- milliseconds, booleans 0 and 1, identifiers and binary things unpadded base64url
-- or UUIDs as text. Constraints have names because server/src/store/mod.rs maps
-- some of them to errors.

CREATE TABLE accounts (
    id TEXT NOT NULL, -- UUID; the WebAuthn user handle
    username TEXT NOT NULL, -- as its owner writes it
    username_key TEXT NOT NULL, -- as it is compared: lower case
    display_name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT accounts_id_unique PRIMARY KEY (id),
    CONSTRAINT accounts_username_key_unique UNIQUE (username_key)
);

CREATE TABLE passwords (
    account_id TEXT NOT NULL,
    hash TEXT NOT NULL, -- PHC string
    changed_at BIGINT NOT NULL,
    CONSTRAINT passwords_account_unique PRIMARY KEY (account_id),
    CONSTRAINT passwords_account_known
        FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);

CREATE TABLE passkeys (
    id TEXT NOT NULL, -- credential id
    account_id TEXT NOT NULL,
    credential TEXT NOT NULL, -- webauthn-rs `Passkey` as JSON
    aaguid TEXT NOT NULL,
    transports TEXT NOT NULL, -- JSON array
    counter BIGINT NOT NULL,
    backup_eligible BIGINT NOT NULL,
    backed_up BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    CONSTRAINT passkeys_id_unique PRIMARY KEY (id),
    CONSTRAINT passkeys_account_known
        FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX passkeys_by_account ON passkeys (account_id);

CREATE TABLE sessions (
    id TEXT NOT NULL, -- SHA-256 of the session id, which itself is nowhere in the database
    account_id TEXT, -- NULL while nobody is signed in
    data TEXT NOT NULL, -- JSON object
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT sessions_id_unique PRIMARY KEY (id),
    CONSTRAINT sessions_account_known
        FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE challenges (
    challenge TEXT NOT NULL, -- unpadded base64url
    session_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    state TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT challenges_challenge_unique PRIMARY KEY (challenge),
    CONSTRAINT challenges_session_known
        FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE
);
CREATE INDEX challenges_by_session ON challenges (session_id);
CREATE INDEX challenges_by_expiry ON challenges (expires_at);

CREATE TABLE products (
    id BIGINT NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    summary TEXT NOT NULL,
    description TEXT NOT NULL,
    price BIGINT NOT NULL, -- euro cents
    stock BIGINT NOT NULL, -- pieces left
    CONSTRAINT products_id_unique PRIMARY KEY (id),
    CONSTRAINT products_slug_unique UNIQUE (slug),
    CONSTRAINT products_price_positive CHECK (price > 0),
    CONSTRAINT products_stock_not_negative CHECK (stock >= 0)
);

CREATE TABLE carts (
    id TEXT NOT NULL,
    account_id TEXT, -- NULL: a session's cart
    updated_at BIGINT NOT NULL,
    CONSTRAINT carts_id_unique PRIMARY KEY (id),
    CONSTRAINT carts_account_unique UNIQUE (account_id),
    CONSTRAINT carts_account_known
        FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX carts_by_update ON carts (updated_at);

CREATE TABLE cart_lines (
    cart_id TEXT NOT NULL,
    product_id BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    CONSTRAINT cart_lines_product_unique PRIMARY KEY (cart_id, product_id),
    CONSTRAINT cart_lines_cart_known
        FOREIGN KEY (cart_id) REFERENCES carts (id) ON DELETE CASCADE,
    CONSTRAINT cart_lines_product_known
        FOREIGN KEY (product_id) REFERENCES products (id),
    CONSTRAINT cart_lines_quantity_positive CHECK (quantity > 0)
);

CREATE TABLE orders (
    number TEXT NOT NULL,
    account_id TEXT NOT NULL,
    placement TEXT NOT NULL, -- one showing of the checkout form
    delivery_name TEXT NOT NULL,
    delivery_address TEXT NOT NULL,
    total BIGINT NOT NULL, -- euro cents
    placed_at BIGINT NOT NULL,
    CONSTRAINT orders_number_unique PRIMARY KEY (number),
    CONSTRAINT orders_placement_unique UNIQUE (account_id, placement),
    CONSTRAINT orders_account_known
        FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);

-- What was bought, as it was then: no reference to products, which change.
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
