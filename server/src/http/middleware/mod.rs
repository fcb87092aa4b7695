//! What every request passes through.

pub(super) mod guard;
pub(super) mod log;
pub(super) mod login_status;
pub(super) mod session;
