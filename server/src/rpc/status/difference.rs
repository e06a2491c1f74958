//! Names the fields in which two specs differ.
//!
//! Part of `rpc::status`. It knows the fields from the descriptors of the contract, so that a field that
//! comes to a spec is named without a word here.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::LazyLock,
};

use prost::{
    Message as _,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field},
};
use prost_types::{
    FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};
use sluice_proto::FILE_DESCRIPTOR_SET;

/// The full name of the message.
const SPEC: &str = ".sluice.v1.UploadSpec";

/// A field as its descriptor has it.
#[derive(Debug)]
struct Field {
    name: String,
    /// The full name of its message, for one that is there at most once.
    message: Option<String>,
    /// Whether it is one truth value.
    is_bool: bool,
    /// Whether it is one text.
    is_text: bool,
}

/// A field in which two specs differ.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// Its path, such as `dialect.delimiter`.
    pub(super) path: String,
    /// What it was, and what it is now, where that is short to say.
    values: Option<[String; 2]>,
}

impl Difference {
    /// The path with both values.
    pub(super) fn words(&self) -> String {
        match &self.values {
            Some([before, now]) => format!("{}: then {before}, now {now}", self.path),
            None => self.path.clone(),
        }
    }
}

/// The longest text that is told.
const MAX_TEXT_BYTES: usize = 64;

/// The fields of each message by their numbers.
type Messages = HashMap<String, HashMap<u32, Field>>;

static MESSAGES: LazyLock<Messages> = LazyLock::new(|| {
    let files = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap_or_default();
    let messages = files.file.into_iter().flat_map(|file| {
        let package = format!(".{}.", file.package());
        let messages = file.message_type.into_iter();
        messages.map(move |message| {
            let fields = message.field.into_iter().map(|field| {
                let is_repeated = field.label() == Label::Repeated;
                let name = field.name().to_owned();
                let number = u32::try_from(field.number()).unwrap_or_default();
                let is_one = |kind| field.r#type() == kind && !is_repeated;
                let (is_bool, is_text) = (is_one(Type::Bool), is_one(Type::String));
                let message = field.type_name.filter(|_| !is_repeated);
                let field = Field {
                    name,
                    message,
                    is_bool,
                    is_text,
                };
                (number, field)
            });
            (
                format!("{package}{}", message.name.unwrap_or_default()),
                fields.collect(),
            )
        })
    });
    messages.collect()
});

/// The fields in which two encoded specs differ, in their order.
pub(super) fn differences(before: &[u8], now: &[u8]) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(SPEC, "", before, now, &mut found);
    found
}

fn compare(message: &str, path: &str, before: &[u8], now: &[u8], found: &mut Vec<Difference>) {
    let (before, now) = (by_field(before), by_field(now));
    let numbers: BTreeSet<_> = before.keys().chain(now.keys()).copied().collect();
    for number in numbers {
        let [before, now] =
            [&before, &now].map(|all| all.get(&number).map_or(&[][..], Vec::as_slice));
        if before == now {
            continue;
        }
        let field = MESSAGES.get(message).and_then(|fields| fields.get(&number));
        let Some(field) = field else {
            found.push(Difference {
                path: format!("{path}{number}"),
                values: None,
            });
            continue;
        };
        let name = &field.name;
        // A message that is left out is one without fields.
        let message = field.message.as_ref();
        if let Some(message) = message.filter(|name| MESSAGES.contains_key(*name)) {
            let path = format!("{path}{name}.");
            compare(message, &path, content(before), content(now), found);
        } else {
            let values = (field.value(before)).zip(field.value(now));
            found.push(Difference {
                path: format!("{path}{name}"),
                values: values.map(<[String; 2]>::from),
            });
        }
    }
}

impl Field {
    /// A truth value or a short text in words; none for any other field.
    fn value(&self, encoded: &[u8]) -> Option<String> {
        if self.is_bool {
            let is_set = encoded.last().is_some_and(|last| *last != 0);
            return Some(if is_set { "yes" } else { "no" }.to_owned());
        }
        let text = str::from_utf8(content(encoded)).ok();
        let text = text.filter(|text| self.is_text && text.len() <= MAX_TEXT_BYTES)?;
        Some(match (encoded, text) {
            ([], _) => "not given".to_owned(),
            (_, text) => format!("{text:?}"),
        })
    }
}

/// The bytes of each field with its keys; what cannot be read is the rest of the last one.
fn by_field(mut encoded: &[u8]) -> BTreeMap<u32, Vec<u8>> {
    let mut fields: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    while !encoded.is_empty() {
        let whole = encoded;
        let number = decode_key(&mut encoded).and_then(|(number, wire_type)| {
            skip_field(wire_type, number, &mut encoded, DecodeContext::default())?;
            Ok(number)
        });
        let number = number.unwrap_or_else(|_| {
            encoded = &[];
            0
        });
        let field = whole.get(..whole.len() - encoded.len()).unwrap_or(whole);
        fields.entry(number).or_default().extend_from_slice(field);
    }
    fields
}

/// A message without the key and length in front of it.
fn content(mut field: &[u8]) -> &[u8] {
    match decode_key(&mut field) {
        Ok((_, WireType::LengthDelimited)) if decode_varint(&mut field).is_ok() => field,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use sluice_proto::v1 as pb;

    use super::differences;

    fn fields(before: &pb::UploadSpec, now: &pb::UploadSpec) -> Vec<String> {
        let found = differences(&before.encode_to_vec(), &now.encode_to_vec());
        found.iter().map(super::Difference::words).collect()
    }

    #[test]
    fn fields_are_named_with_their_paths() {
        let before = pb::UploadSpec {
            table: Some(pb::TableRef {
                database: "a".to_owned(),
                table: "t".to_owned(),
            }),
            columns: vec![pb::ColumnMapping::default()],
            dry_run: true,
            ..Default::default()
        };
        assert!(fields(&before, &before).is_empty());
        let now = pb::UploadSpec {
            table: Some(pb::TableRef {
                database: "b".to_owned(),
                table: "t".to_owned(),
            }),
            dialect: Some(pb::Dialect {
                delimiter: Some(";".into()),
                ..Default::default()
            }),
            rejects: Some(pb::RejectPolicy {
                max_rows: Some(3),
                max_share: None,
            }),
            ..Default::default()
        };
        let expected = [
            "table.database: then \"a\", now \"b\"",
            "dialect.delimiter: then not given, now \";\"",
            "columns",
            "rejects.max_rows",
            "dry_run: then yes, now no",
        ];
        assert_eq!(fields(&before, &now), expected);
        let paths = differences(&now.encode_to_vec(), &before.encode_to_vec());
        let paths: Vec<_> = paths.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "table.database",
                "dialect.delimiter",
                "columns",
                "rejects.max_rows",
                "dry_run"
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_differs() {
        assert_eq!(differences(&[], &[0xff])[0].path, "0");
    }
}
