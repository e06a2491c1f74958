//! Points in time inside Arrays, Maps and Tuples: written so that each reads as itself again.
//!
//! Used by [`super`]. ClickHouse writes two instants alike when a clock was set back between them, and
//! reads both as the earlier one. Here the later one gets its offset, as `column::format` gives it to
//! a column of points in time.

use crate::clickhouse::sql::{join, quote_string};

/// Where points in time stand inside a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moments {
    /// Nowhere.
    Nowhere,
    /// The type is one itself.
    Here {
        /// The zone that it is shown in.
        zone: String,
        /// Whether it has a fraction of a second.
        has_fraction: bool,
    },
    /// In the values of an Array.
    Array(Box<Self>),
    /// In the keys and values of a Map.
    Map(Box<(Self, Self)>),
    /// In the elements of a Tuple.
    Tuple(Vec<Self>),
}

impl Moments {
    /// The expression for `value` with the text of each point in time in its place, and with an Array of
    /// pairs for a Map; `depth` is the number of values that it stands in.
    pub(super) fn text(&self, value: &str, depth: usize) -> String {
        match self {
            Self::Nowhere => value.to_owned(),
            Self::Here { zone, has_fraction } => moment(value, zone, *has_fraction),
            Self::Array(inner) => {
                let item = format!("x{depth}");
                let text = inner.text(&item, depth + 1);
                format!("arrayMap({item} -> {text}, {value})")
            }
            Self::Map(pair) => {
                let [key, item] = [format!("k{depth}"), format!("x{depth}")];
                let key_text = pair.0.text(&key, depth + 1);
                let text = pair.1.text(&item, depth + 1);
                format!(
                    "arrayMap(({key}, {item}) -> tuple({key_text}, {text}), \
                     mapKeys({value}), mapValues({value}))"
                )
            }
            Self::Tuple(elements) => {
                let numbered: Vec<_> = elements.iter().zip(1_usize..).collect();
                let texts = join(&numbered, |(element, number)| {
                    element.text(&format!("tupleElement({value}, {number})"), depth + 1)
                });
                format!("tuple({texts})")
            }
        }
    }
}

/// The text of a point in time, with its offset where the clock had shown the same before: where the
/// offset was larger at the instant that is earlier by as much as the clock was set back.
fn moment(value: &str, zone: &str, has_fraction: bool) -> String {
    // Seconds are counted without a fraction, whose ticks could overflow.
    let second = if has_fraction {
        format!("toStartOfSecond({value})")
    } else {
        value.to_owned()
    };
    let second = format!("toDateTime64({second}, 0, {})", quote_string(zone));
    let offset = format!("timeZoneOffset({value})");
    let set_back =
        format!("greatest(timeZoneOffset(subtractSeconds({second}, 86400)) - {offset}, 0)");
    let is_later = format!("timeZoneOffset(subtractSeconds({second}, {set_back})) > {offset}");
    let digits = format!(
        "substring(formatDateTime(toDateTime(abs({offset}), 'UTC'), '%T'), 1, \
         if({offset} % 60 = 0, 5, 8))"
    );
    let shown = format!("concat(if({offset} < 0, '-', '+'), {digits})");
    format!("concat(toString({value}), if({is_later}, {shown}, ''))")
}

#[cfg(test)]
mod tests {
    use super::Moments;

    #[test]
    fn containers_are_walked_through() {
        let plain = || Moments::Nowhere;
        assert_eq!(plain().text("`a`", 0), "`a`");
        let tuple = Moments::Tuple(vec![plain(), plain()]);
        let map = Moments::Map(Box::new((plain(), tuple)));
        assert_eq!(
            Moments::Array(Box::new(map)).text("`a`", 0),
            "arrayMap(x0 -> arrayMap((k1, x1) -> tuple(k1, \
             tuple(tupleElement(x1, 1), tupleElement(x1, 2))), mapKeys(x0), mapValues(x0)), `a`)"
        );
    }
}
