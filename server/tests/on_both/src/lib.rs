//! `#[on_both]`, for the tests of the server.

use std::mem::{replace, take};

use proc_macro::TokenStream;
use quote::{format_ident, quote};
use syn::{ItemFn, parse_macro_input};

/// Makes two tests of one, `name::sqlite` and `name::postgres`:
///
/// ```ignore
/// #[on_both]
/// async fn name(store: Store) { … }
/// ```
///
/// The parameter is anything that is `crate::support::On` a database.
///
/// It is an attribute so that rustfmt sees the bodies: it leaves alone what stands between the
/// braces of a declarative macro.
#[proc_macro_attribute]
pub fn on_both(_: TokenStream, item: TokenStream) -> TokenStream {
    let mut test = parse_macro_input!(item as ItemFn);
    let attributes = take(&mut test.attrs);
    let name = replace(&mut test.sig.ident, format_ident!("test"));
    quote! {
        #(#attributes)*
        mod #name {
            use super::*;

            #test

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                crate::support::on_sqlite(test).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                crate::support::on_postgres(test).await;
            }
        }
    }
    .into()
}
