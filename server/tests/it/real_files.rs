//! Real files of public packages: what is loaded comes back equal, typed and as text.
//!
//! `tests/data/real/SOURCES.md` says where they are from.

use std::path::Path;

use sluice_proto::v1 as pb;

use crate::support::{TestServer, counters, export_table, spec};

/// A file, and what is known of it without Sluice.
struct RealFile {
    name: &'static str,
    delimiter: u8,
    quote: u8,
    encoding: &'static encoding_rs::Encoding,
    /// Lines before the header.
    skip_lines: usize,
    /// Records without the header.
    records: usize,
    fields: usize,
}

const fn file(name: &'static str, records: usize, fields: usize) -> RealFile {
    RealFile {
        name,
        delimiter: b',',
        quote: b'"',
        encoding: encoding_rs::UTF_8,
        skip_lines: 0,
        records,
        fields,
    }
}

const FILES: &[RealFile] = &[
    file("acs2012_5yr_population.csv", 93, 4),
    RealFile {
        delimiter: b'\t',
        quote: b'\'',
        ..file("anes96.csv", 944, 10)
    },
    file("birdstrikes.csv", 1000, 14),
    RealFile {
        delimiter: b';',
        skip_lines: 37,
        ..file("cams_mcclear_monthly.csv", 4, 6)
    },
    file("canadian_senators.csv", 933, 10),
    file("census2000_geo_schema.csv", 83, 3),
    file("co2.csv", 2284, 2),
    file("engel.csv", 235, 2),
    file("flights-airport.csv", 5366, 3),
    file("FY09_EDU_Recipients_by_State.csv", 53, 10),
    file("gapminder-health-income.csv", 187, 5),
    file("gbsg2.csv", 686, 10),
    file("global-temp.csv", 144, 2),
    file("grunfeld.csv", 220, 5),
    file("inverter_fit_snl_meas.csv", 126, 5),
    file("ks_1033_data.csv", 1575, 14),
    RealFile {
        delimiter: b' ',
        ..file("linnerud_exercise.csv", 20, 3)
    },
    file("longley.csv", 16, 8),
    file("mac_newlines.csv", 2, 3),
    file("macrodata.csv", 203, 14),
    RealFile {
        delimiter: b';',
        ..file("modechoice.csv", 840, 9)
    },
    RealFile {
        delimiter: b'\t',
        ..file("multicenter_aids_cohort.tsv", 78, 5)
    },
    file("ogd10_energieforschungstatistik_ch.csv", 2311, 6),
    file("rossi.csv", 432, 9),
    file("seattle-weather.csv", 1461, 6),
    file("stackloss.csv", 21, 4),
    file("sunspots.csv", 309, 2),
    RealFile {
        delimiter: b';',
        encoding: encoding_rs::WINDOWS_1252,
        ..file("table-with-accents.csv", 638, 8)
    },
    RealFile {
        encoding: encoding_rs::UTF_16BE,
        ..file("test_utf16_big.csv", 2, 3)
    },
    file("test_utf8_bom.csv", 2, 3),
    RealFile {
        delimiter: b'\t',
        ..file("unemployment.tsv", 3218, 2)
    },
    file("us-employment.csv", 120, 24),
    file("zipcodes.csv", 2000, 6),
];

impl RealFile {
    fn bytes(&self) -> Vec<u8> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/real");
        std::fs::read(directory.join(self.name)).unwrap()
    }

    /// The cells as the `csv` crate reads them; the names first.
    fn records(&self) -> Vec<Vec<Vec<u8>>> {
        let bytes = self.bytes();
        let (text, ..) = self.encoding.decode(&bytes);
        let table: String = text.split_inclusive('\n').skip(self.skip_lines).collect();
        read(table.as_bytes(), self.delimiter, self.quote)
    }
}

fn read(file: &[u8], delimiter: u8, quote: u8) -> Vec<Vec<Vec<u8>>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(delimiter)
        .quote(quote)
        .from_reader(file);
    let records = reader.byte_records().map(Result::unwrap);
    records
        .map(|record| record.iter().map(<[u8]>::to_vec).collect())
        .collect()
}

async fn typed(server: &TestServer, file: &RealFile) -> Result<(), String> {
    server.sql("DROP TABLE IF EXISTS first");
    server.sql("DROP TABLE IF EXISTS second");
    let create = pb::UploadSpec {
        create_table: true,
        ..spec("first")
    };
    let loaded = server
        .upload(create, file.bytes())
        .await
        .map_err(|s| format!("{s:?}"))?;
    let rows = counters(&loaded).rows_committed;
    if (rows, loaded.columns.len()) != (i64::try_from(file.records).unwrap(), file.fields) {
        let dialect = loaded.profile.and_then(|p| p.dialect);
        return Err(format!(
            "{rows} rows of {} columns: {dialect:?}",
            loaded.columns.len()
        ));
    }
    let exported = server
        .export(export_table("first"))
        .await
        .map_err(|s| format!("{s:?}"))?;
    server.sql("CREATE TABLE second AS first");
    let copied = server.upload(spec("second"), &exported.file).await;
    copied.map_err(|status| format!("{status:?}\n{}", loaded.create_statement))?;
    let (before, after) = (server.checksum("first"), server.checksum("second"));
    if before == after {
        Ok(())
    } else {
        Err(format!(
            "{before} became {after}\n{}",
            loaded.create_statement
        ))
    }
}

async fn as_text(server: &TestServer, file: &RealFile) -> Result<(), String> {
    let request = pb::InspectFileRequest {
        sample: file.bytes().into(),
        complete: true,
        ..Default::default()
    };
    let response = server
        .inspect(request)
        .await
        .map_err(|s| format!("{s:?}"))?;
    let columns = response.profile.unwrap().columns;
    let columns: Vec<_> = columns
        .iter()
        .map(|c| format!("`{}` String", c.name.replace('`', "\\`")))
        .collect();
    server.sql("DROP TABLE IF EXISTS texts");
    let statement = format!(
        "CREATE TABLE texts ({}) ENGINE = Memory",
        columns.join(", ")
    );
    let create = pb::UploadSpec {
        create_table: true,
        create_statement: statement,
        ..spec("texts")
    };
    server
        .upload(create, file.bytes())
        .await
        .map_err(|s| format!("{s:?}"))?;
    let exported = server
        .export(export_table("texts"))
        .await
        .map_err(|s| format!("{s:?}"))?;
    let expected = file.records();
    let found = read(&exported.file, b',', b'"');
    if expected.len() != file.records + 1 || expected[0].len() != file.fields {
        return Err(format!(
            "the expectation is wrong: {} of {}",
            expected.len() - 1,
            expected[0].len()
        ));
    }
    for (row, (expected, found)) in expected.iter().zip(&found).enumerate().skip(1) {
        if expected != found {
            let show = |cells: &[Vec<u8>]| String::from_utf8_lossy(&cells.join(&b'|')).into_owned();
            return Err(format!(
                "record {row}: {} became {}",
                show(expected),
                show(found)
            ));
        }
    }
    if expected.len() == found.len() {
        Ok(())
    } else {
        Err(format!("{} records", found.len()))
    }
}

#[test]
fn every_file_is_listed_with_its_source() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/real");
    let sources = std::fs::read_to_string(directory.join("SOURCES.md")).unwrap();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name != "SOURCES.md" {
            assert!(
                sources.contains(&format!("`{name}`")),
                "{name} has no source"
            );
            found.push(name);
        }
    }
    found.sort();
    let mut listed: Vec<_> = FILES.iter().map(|file| file.name.to_owned()).collect();
    listed.sort();
    assert_eq!(found, listed);
    assert!(found.len() >= 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn they_load_into_a_new_table_and_come_back_equal() {
    let server = TestServer::start().await;
    let mut faults = Vec::new();
    for file in FILES {
        if let Err(fault) = typed(&server, file).await {
            faults.push(format!("{}: {fault}", file.name));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn as_texts_their_cells_are_those_of_another_reader() {
    let server = TestServer::start().await;
    let mut faults = Vec::new();
    for file in FILES {
        if let Err(fault) = as_text(&server, file).await {
            faults.push(format!("{}: {fault}", file.name));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
