//! The columns of rows that are read in more than one place, by the letters that the tables have
//! there.
//!
//! Never `*`: while this server runs, a newer one may add a column. PostgreSQL refuses what was
//! prepared before that, and sqlx's SQLite connection never answers again.

/// Of [`AccountRow`](super::AccountRow): `accounts a`.
macro_rules! account {
    () => {
        "a.id, a.username, a.display_name, a.second_factor, a.automatic, a.offer_dismissed_at, \
         a.version, a.sessions_epoch, a.created_at"
    };
}

/// Of [`PasskeyRow`](super::PasskeyRow): `passkeys p`.
macro_rules! passkey {
    () => {
        "p.id, p.account_id, p.credential, p.aaguid, p.transports, p.counter, p.backup_eligible, \
         p.backed_up, p.verified_model, p.own_name, p.created_at, p.last_used_at, \
         p.last_used_with, p.last_used_here, p.made_with, p.made_within"
    };
}

/// Of [`IdentityRow`](super::IdentityRow), but for its id: `identities i`.
macro_rules! identity {
    () => {
        "i.account_id, i.issuer, i.subject, i.label, i.linked_at, i.made_with, i.made_within"
    };
}

/// Of a product: `products p`.
macro_rules! product {
    () => {
        "p.id, p.slug, p.name, p.summary, p.description, p.price, p.stock"
    };
}

/// Of [`EventRow`](super::EventRow): `events e`.
macro_rules! event {
    () => {
        "e.id, e.kind, e.detail, e.browser, e.at"
    };
}

/// Of [`TriesRow`](super::TriesRow): `tries t`.
macro_rules! tries {
    () => {
        "t.subject, t.minute_over, t.hour_over"
    };
}

pub(super) use {account, event, identity, passkey, product, tries};
