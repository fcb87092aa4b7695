//! How things for sale are shown.

use leptos::prelude::*;

use crate::{
    api::{Money, OrderLine, Path, paths::IMAGES},
    request::asset,
};

/// Up to this many pieces are counted; more are simply "In stock".
const FEW: i64 = 5;

/// The illustration of a product.
#[component]
pub fn Picture(
    slug: String,
    /// Its width and height in pixels, so that nothing moves when it arrives.
    size: u32,
    /// What it shows, in words; empty where the product's name stands next to it.
    #[prop(optional)]
    alt: String,
) -> impl IntoView {
    let src = asset(format!("{IMAGES}/{slug}.svg"));
    view! { <img class="picture" src=src width=size height=size alt=alt/> }
}

/// How many pieces are left, in words: "In stock", "3 left" or "Sold out".
#[component]
pub fn Stock(pieces: i64) -> impl IntoView {
    let (level, words) = match pieces {
        ..=0 => ("none", "Sold out".to_owned()),
        1..=FEW => ("few", format!("{pieces} left")),
        _ => ("plenty", "In stock".to_owned()),
    };
    view! { <p class="stock" data-level=level>{words}</p> }
}

/// A labelled field for a number of pieces. `of` is what they are pieces of, for screen readers
/// only, where several such fields stand on one page.
#[component]
pub fn Quantity(
    id: String,
    value: String,
    max: i64,
    #[prop(optional)] of: String,
    #[prop(optional_no_strip)] error: Option<String>,
) -> impl IntoView {
    let error_id = format!("{id}-error");
    let described_by = error.as_ref().map(|_| error_id.clone());
    let of = (!of.is_empty()).then(|| view! { <span class="unseen">" of "{of}</span> });
    view! {
        <div class="quantity">
            <label for=id.clone()>"Quantity" {of}</label>
            <input
                id=id
                name="quantity"
                type="number"
                inputmode="numeric"
                min="1"
                max=max.clamp(1, 99)
                required=true
                value=value
                aria-invalid=described_by.as_ref().map(|_| "true")
                aria-describedby=described_by
            />
        </div>
        {error.map(|error| view! { <p class="error" id=error_id>{error}</p> })}
    }
}

/// What is being ordered, or was, with its total.
#[component]
pub fn OrderLines(
    lines: Vec<OrderLine>,
    total: Money,
    /// Slugs of products, and what is wrong with their lines.
    #[prop(optional)]
    errors: Vec<(String, String)>,
) -> impl IntoView {
    let row = |line: OrderLine| {
        let error = errors.iter().find(|(slug, _)| *slug == line.slug);
        let error = error.map(|(_, sentence)| sentence.clone());
        view! {
            <tr>
                <td>
                    <a href=Path::product(&line.slug).to_string()>{line.name}</a>
                    {error.map(|error| view! { <p class="error">{error}</p> })}
                </td>
                <td class="number">{format!("{} × {}", line.quantity, line.price)}</td>
                <td class="number">{line.price.times(line.quantity).to_string()}</td>
            </tr>
        }
    };
    view! {
        <table class="lines">
            <thead class="unseen">
                <tr>
                    <th scope="col">"Product"</th>
                    <th scope="col">"Quantity and price"</th>
                    <th scope="col">"Amount"</th>
                </tr>
            </thead>
            <tbody>{lines.into_iter().map(row).collect_view()}</tbody>
            <tfoot>
                <tr>
                    <th scope="row" colspan="2">"Total"</th>
                    <td class="number">{total.to_string()}</td>
                </tr>
            </tfoot>
        </table>
    }
}
