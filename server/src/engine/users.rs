//! The users of the embedded engine: the server's own, who may do everything, and those as whom the
//! statements of callers run, who may only read, or only make tables.
//!
//! `engine::embedded` writes them to a file that the library reads at each start; it can be given no user
//! later. All of them have the password of `engine::password`, of which the file holds the hash only.

use std::{io, path::Path};

use super::{authenticator, password::write_private};
use crate::clickhouse::sql::callers;

/// As whom the server itself works, and an operator's own tools. The library's own command line, which opens
/// the HTTP interface, insists on this name and on no password: `engine::authenticator` lets it in.
pub(super) const SERVICE: &str = "default";

/// As whom the queries of callers run.
pub(super) const READERS: &str = "sluice_callers";

/// As whom the CREATE TABLE statements of callers run.
pub(super) const CREATORS: &str = "sluice_creators";

/// The file in the data directory.
pub(super) const FILE: &str = "sluice-users.xml";

/// Writes the file. `hash` is that of the password, `hidden` a database that queries of callers must not see.
pub(super) fn write(file: &Path, hash: &str, hidden: &str) -> io::Result<()> {
    write_private(file, &document(hash, hidden))
}

fn document(hash: &str, hidden: &str) -> String {
    let network = "<networks><ip>127.0.0.1</ip></networks>";
    let password = format!("<password_sha256_hex>{hash}</password_sha256_hex>");
    let command_line = authenticator::NAME;
    let limited = |name, profile, grants: Vec<String>| {
        let grants = queries(&grants);
        format!("<{name}>{password}{network}<profile>{profile}</profile>{grants}</{name}>")
    };
    let readers = limited(READERS, "readers", callers::reader_grants(hidden));
    let creators = limited(CREATORS, "creators", callers::creator_grants(hidden));
    let (read, create) = (
        fixed(&callers::READER_SETTINGS),
        fixed(&callers::CREATOR_SETTINGS),
    );
    // Read-only with the value 2: the settings that the server pins can still be given.
    format!(
        "<clickhouse>\
         <users><{SERVICE}><auth_methods>\
         <password>{password}</password>\
         <{command_line}><http_authentication><server>{command_line}</server><scheme>basic</scheme>\
         </http_authentication></{command_line}>\
         </auth_methods>{network}<access_management>1</access_management></{SERVICE}>\
         {readers}{creators}</users>\
         <profiles><default/>\
         <readers><readonly>2</readonly>{read}</readers>\
         <creators>{create}</creators></profiles>\
         <quotas><default/></quotas>\
         </clickhouse>\n"
    )
}

/// Grants as the library reads them.
fn queries(grants: &[String]) -> String {
    let grants = grants.iter();
    let grants: String = grants
        .map(|grant| format!("<query>{}</query>", escape(grant)))
        .collect();
    format!("<grants>{grants}</grants>")
}

/// Settings that keep their values.
fn fixed(settings: &[&str]) -> String {
    let settings = settings.iter();
    let settings: String = settings
        .map(|setting| format!("<{setting}><const/></{setting}>"))
        .collect();
    format!("<constraints>{settings}</constraints>")
}

/// Text as XML holds it.
fn escape(text: &str) -> String {
    let escaped = text.replace('&', "&amp;");
    escaped.replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::document;

    #[test]
    fn a_name_stays_a_name() {
        let text = document("00", "a<b>&`c");
        assert!(
            text.contains(r"<query>REVOKE SELECT ON `a&lt;b&gt;&amp;\`c`.*</query>"),
            "{text}"
        );
    }
}
