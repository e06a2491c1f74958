//! The users of the embedded engine: the server's own, who may do everything, and the one as whom the
//! queries of callers run, who may only read.
//!
//! `engine::embedded` writes them to a file that the library reads at each start. Neither has a
//! password: the engine listens on this machine only. The file must never hold a secret.

use std::{fs, io, path::Path};

use crate::clickhouse::sql::callers;

/// As whom the queries of callers run.
pub(super) const CALLERS: &str = "sluice_callers";

/// The file in the data directory.
pub(super) const FILE: &str = "sluice-users.xml";

/// Writes the file; `hidden` is a database that queries of callers must not see.
pub(super) fn write(file: &Path, hidden: &str) -> io::Result<()> {
    fs::write(file, document(hidden))
}

fn document(hidden: &str) -> String {
    let grants = callers::grants(hidden).into_iter();
    let grants = grants.map(|grant| format!("<query>{}</query>", escape(&grant)));
    let fixed = callers::FIXED_SETTINGS.iter();
    let fixed = fixed.map(|setting| format!("<{setting}><const/></{setting}>"));
    let (grants, fixed) = (grants.collect::<String>(), fixed.collect::<String>());
    let user = "<no_password/><networks><ip>127.0.0.1</ip></networks>";
    // Read-only with the value 2: the settings that the server pins can still be given.
    format!(
        "<clickhouse>\
         <users><default>{user}<access_management>1</access_management></default>\
         <{CALLERS}>{user}<profile>callers</profile><grants>{grants}</grants></{CALLERS}></users>\
         <profiles><default/><callers><readonly>2</readonly>\
         <constraints>{fixed}</constraints></callers></profiles>\
         <quotas><default/></quotas>\
         </clickhouse>\n"
    )
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
        let text = document("a<b>&`c");
        assert!(
            text.contains(r"<query>REVOKE SELECT ON `a&lt;b&gt;&amp;\`c`.*</query>"),
            "{text}"
        );
    }
}
