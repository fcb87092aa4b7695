//! The tests of the whole server, as one program: it is linked once.
//! A folder has the tests of a capability or of a layer, as `server/src` does.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod documents;
mod fuzz;
mod support;

mod account {
    mod deletion;
    mod events;
    mod names;
    mod passkeys;
    mod password;
    mod recovery_codes;
    mod review;
    mod sessions;
}

mod federation {
    mod answers;
    mod automatic;
    mod fedcm;
    mod keys;
    mod linking;
    mod provider_failures;
    mod reauthentication;
    mod remembered;
    mod second_factor;
    mod sign_in;
    mod sign_up;
    mod unlinking;
}

mod guard {
    mod connections;
    mod guessing;
    mod newcomers;
    mod timing;
}

mod http {
    mod addresses;
    mod cookies;
    mod cross_site;
    mod headers;
    mod limits;
    mod pages;
    mod well_known;
}

mod shop {
    mod cart;
    mod catalogue;
    mod checkout;
}

mod sign_in {
    mod automatic;
    mod challenges;
    mod login_status;
    mod offers;
    mod passkey;
    mod password;
    mod reauthentication;
    mod saved_password;
    mod second_factor;
    mod session;
    mod sign_up;
    mod signals;
}

mod store {
    mod accounts;
    mod carts;
    mod challenges;
    mod opening;
    mod orders;
    mod passkeys;
    mod postgres_tls;
    mod products;
    mod sessions;
}

mod webauthn {
    mod attestation;
    mod conformance;
    mod vectors;
}
