//! Real workbooks in, their text out.

use std::{
    cmp::Ordering,
    io::{Cursor, Write as _},
};

use bytes::Bytes;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook as Writer, XlsxError};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{
    Area, Selection, Workbook,
    area::cell_name,
    value::{Kind, kind_of_format, moment, number},
};
use crate::codec::{Compression, Error, Foreign, Input, Limits};

/// Reads a file to its end, in chunks of so many bytes.
fn read_in(
    file: &[u8],
    chunk: usize,
    selection: Selection,
    limits: Limits,
) -> Result<(Workbook, String), Error> {
    let mut input = Input::new(None, None, limits).selecting(selection);
    let mut text = Vec::new();
    for bytes in file.chunks(chunk) {
        input.push(Bytes::copy_from_slice(bytes));
        while let Some(piece) = input.next_piece()? {
            text.extend_from_slice(&piece);
        }
    }
    while let Some(piece) = input.finish()? {
        text.extend_from_slice(&piece);
    }
    assert_eq!(input.compression(), Some(Compression::Workbook));
    let found = input.workbook().unwrap().clone();
    Ok((found, String::from_utf8(text).unwrap()))
}

fn read(file: &[u8]) -> (Workbook, String) {
    read_in(file, 4_096, Selection::default(), Limits::default()).unwrap()
}

fn fault(file: &[u8]) -> Error {
    read_in(file, 4_096, Selection::default(), Limits::default()).unwrap_err()
}

fn select(sheet: &str, range: &str) -> Selection {
    Selection {
        sheet: Some(sheet.to_owned()).filter(|sheet| !sheet.is_empty()),
        range: Some(range)
            .filter(|range| !range.is_empty())
            .map(|range| range.parse().unwrap()),
    }
}

/// An archive of files.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        let method = match *name {
            "mimetype" => zip::CompressionMethod::Stored,
            _ => zip::CompressionMethod::Deflated,
        };
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(*name, options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// A workbook of one sheet, with the XML of its rows and what stands behind them.
fn xlsx(rows: &str, behind: &str, properties: &str) -> Vec<u8> {
    let root = format!(
        "<Relationships><Relationship Id=\"r1\" Type=\"{RELATIONS}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    let book = format!(
        "<workbook xmlns:r=\"{RELATIONS}\"><workbookPr {properties}/><sheets><sheet name=\"One\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    let parts = format!(
        "<Relationships><Relationship Id=\"r1\" Type=\"{RELATIONS}/worksheet\" Target=\"/xl/worksheets/sheet1.xml\"/>\
         <Relationship Id=\"r2\" Type=\"{RELATIONS}/styles\" Target=\"styles.xml\"/></Relationships>"
    );
    let styles = "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd\"/></numFmts>\
         <cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs>\
         <cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/><xf numFmtId=\"21\"/><xf numFmtId=\"46\"/></cellXfs></styleSheet>";
    let sheet = format!("<worksheet><sheetData>{rows}</sheetData>{behind}</worksheet>");
    archive(&[
        ("[Content_Types].xml", "<Types/>"),
        ("_rels/.rels", &root),
        ("xl/workbook.xml", &book),
        ("xl/_rels/workbook.xml.rels", &parts),
        ("xl/styles.xml", styles),
        ("xl/worksheets/sheet1.xml", &sheet),
    ])
}

const MIME: &str = "application/vnd.oasis.opendocument.spreadsheet";

/// A workbook of `OpenDocument`, with the XML of its tables.
fn ods(tables: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content><office:automatic-styles><style:style style:name=\"ta1\" style:family=\"table\">\
         <style:table-properties table:display=\"true\"/></style:style><style:style style:name=\"ta2\" style:family=\"table\">\
         <style:table-properties table:display=\"false\"/></style:style></office:automatic-styles>\
         <office:body><office:spreadsheet>{tables}<table:named-expressions/></office:spreadsheet></office:body>\
         </office:document-content>"
    );
    archive(&[
        ("mimetype", MIME),
        ("content.xml", &content),
        ("META-INF/manifest.xml", "<manifest:manifest/>"),
    ])
}

fn made(make: impl FnOnce(&mut Writer) -> Result<(), XlsxError>) -> Vec<u8> {
    let mut writer = Writer::new();
    make(&mut writer).unwrap();
    writer.save_to_buffer().unwrap()
}

/// Every type of a cell.
fn of_all_types() -> Vec<u8> {
    made(|book| {
        let date = Format::new().set_num_format("dd/mm/yyyy");
        let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        let time = Format::new().set_num_format("hh:mm");
        let duration = Format::new().set_num_format("[h]:mm:ss");
        let grouped = Format::new().set_num_format("#,##0.00 \"days\"");
        let sheet = book.add_worksheet();
        for (column, name) in [
            "id", "code", "day", "at", "time", "long", "sum", "yes", "n", "f",
        ]
        .into_iter()
        .enumerate()
        {
            sheet.write_string(0, u16::try_from(column).unwrap(), name)?;
        }
        sheet.write_number(1, 0, 1)?;
        sheet.write_string(1, 1, "007")?;
        let day = ExcelDateTime::from_ymd(2024, 2, 29)?;
        sheet.write_datetime_with_format(1, 2, &day, &date)?;
        let at = ExcelDateTime::from_ymd(2024, 2, 29)?.and_hms_milli(13, 5, 7, 250)?;
        sheet.write_datetime_with_format(1, 3, &at, &moment)?;
        sheet.write_number_with_format(1, 4, 0.75, &time)?;
        sheet.write_number_with_format(1, 5, 1.5, &duration)?;
        sheet.write_number_with_format(1, 6, 1234.5, &grouped)?;
        sheet.write_boolean(1, 7, true)?;
        sheet.write_number(1, 8, 0.1 + 0.2)?;
        sheet.write_formula(1, 9, rust_xlsxwriter::Formula::new("=A2*2").set_result("2"))?;
        sheet.write_string(2, 1, "say \"hi\", \\N")?;
        Ok(())
    })
}

#[test]
fn cells_are_read_by_their_types() {
    let text = "\"id\",\"code\",\"day\",\"at\",\"time\",\"long\",\"sum\",\"yes\",\"n\",\"f\"\n\
         1,\"007\",2024-02-29,2024-02-29 13:05:07.250,18:00:00,36:00:00,1234.5,true,0.30000000000000004,2\n\
         ,\"say \"\"hi\"\", \\N\",,,,,,,,\n";
    let file = of_all_types();
    let (found, read_text) = read(&file);
    assert_eq!(read_text, text);
    assert_eq!((found.kind, found.taken), ("xlsx", 0));
    assert_eq!(found.area.unwrap().to_string(), "A1:J3");
    assert_eq!(found.notes, [""; 0]);
    for chunk in [1, 511, file.len() - 1, file.len()] {
        let limits = Limits {
            piece_bytes: 1 << 10,
            ..Limits::default()
        };
        let again = read_in(&file, chunk, Selection::default(), limits).unwrap();
        assert_eq!(again, (found.clone(), text.to_owned()), "{chunk}");
    }
}

#[test]
fn rows_are_lines() {
    let file = made(|book| {
        let sheet = book.add_worksheet();
        sheet.write_string(2, 1, "a")?;
        sheet.write_string(2, 3, "b")?;
        sheet.write_number(6, 2, 5)?;
        Ok(())
    });
    let (found, text) = read(&file);
    assert_eq!(text, "\n\n\"a\",,\"b\"\n\n\n\n,5,\n");
    assert_eq!(found.area.unwrap().to_string(), "B3:D7");
}

#[test]
fn the_first_visible_sheet_is_taken_and_the_others_are_said() {
    let file = made(|book| {
        book.add_worksheet()
            .set_name("Old")?
            .set_hidden(true)
            .write(0, 0, 1)?;
        book.add_worksheet().set_name("Now")?.write(0, 0, 2)?;
        book.add_worksheet().set_name("Empty")?;
        book.add_worksheet().set_name("Notes")?.write(0, 0, 3)?;
        book.worksheet_from_index(1)?.set_active(true);
        Ok(())
    });
    let (found, text) = read(&file);
    assert_eq!(text, "2\n");
    assert_eq!(
        found.notes,
        [
            "only the first visible sheet is read; not read: `Notes` (choose with --sheet)",
            "hidden sheets are not read: `Old`",
        ]
    );
    for (sheet, expected) in [("Notes", "3\n"), ("4", "3\n"), ("1", "1\n"), ("Empty", "")] {
        let limits = Limits::default();
        let (found, text) = read_in(&file, 4_096, select(sheet, ""), limits).unwrap();
        assert_eq!(text, expected, "{sheet}");
        assert!(
            !found.notes.iter().any(|note| note.contains("--sheet")),
            "{sheet}"
        );
    }
    for sheet in ["0", "5", "notes"] {
        let limits = Limits::default();
        let error = read_in(&file, 4_096, select(sheet, ""), limits).unwrap_err();
        let sheets = "`Old`, `Now`, `Empty`, `Notes`".to_owned();
        let sheet = sheet.to_owned();
        assert_eq!(error, Error::NoSuchSheet { sheet, sheets });
    }
}

#[test]
fn a_range_cuts_columns_and_rows() {
    let file = of_all_types();
    for (range, expected, note) in [
        ("A1:B2", "\"id\",\"code\"\n1,\"007\"\n", "17 cells outside"),
        (
            "B:C",
            "\"code\",\"day\"\n\"007\",2024-02-29\n\"say \"\"hi\"\", \\N\",\n",
            "16 cells",
        ),
        ("B2", "\n\"007\"\n", "20 cells"),
        ("I1:K1", "\"n\",\"f\",\n", "19 cells"),
        ("X5:Z9", "", "21 cells"),
        ("3:9", "\n\n\"say \"\"hi\"\", \\N\"\n", "20 cells"),
    ] {
        let limits = Limits::default();
        let (found, text) = read_in(&file, 4_096, select("", range), limits).unwrap();
        assert_eq!(text, expected, "{range}");
        assert!(found.notes[0].contains(note), "{range}: {:?}", found.notes);
    }
    for text in [
        "", ":", "A0:B2", "B1:A2", "A1:B", "XFE1", "A1048577", "A1:B2:C3", "1A",
    ] {
        assert!(text.parse::<Area>().is_err(), "{text}");
    }
    assert_eq!(
        "$b$3:xfd$1048576".parse::<Area>().unwrap().to_string(),
        "B3:XFD1048576"
    );
    assert_eq!(cell_name(0, 701), "ZZ1");
    assert_eq!(cell_name(0, 702), "AAA1");
}

#[test]
fn what_is_hidden_merged_or_an_error_is_said() {
    let file = made(|book| {
        let sheet = book.add_worksheet();
        sheet.merge_range(0, 0, 0, 2, "title", &Format::new())?;
        for (row, text) in (1..).zip(["a", "b", "c"]) {
            sheet.write_string(row, 0, text)?;
            sheet.write_number(row, 2, 1)?;
        }
        sheet.write_string(2, 1, "two\nlines")?;
        sheet.set_row_hidden(2)?;
        sheet.set_row_hidden(99)?;
        sheet.set_column_hidden(1)?;
        sheet.set_column_hidden(50)?;
        Ok(())
    });
    let (found, text) = read(&file);
    assert_eq!(
        text,
        "\"title\",,\n\"a\",,1\n\"b\",\"two\nlines\",1\n\"c\",,1\n"
    );
    assert_eq!(
        found.notes,
        [
            "1 row is hidden, and read like the others",
            "hidden columns are read like the others: B",
            "1 merged area, the first A1:C1: its value stands in its first cell, the others are empty",
            "1 cell has line breaks; below them, numbers of lines are greater than those of rows",
        ]
    );
    let rows = "<row r=\"1\"><c r=\"A1\" t=\"e\"><v>#N/A</v></c><c t=\"e\"><f>1/0</f><v>#DIV/0!</v></c></row>\
                <row><c t=\"e\"><v>#N/A</v></c></row>";
    let (found, text) = read(&xlsx(rows, "", ""));
    assert_eq!(text, "\\N,\\N\n\\N,\n");
    assert_eq!(
        found.notes,
        [
            "2 cells hold the error `#N/A`, first A1: NULL",
            "1 cell holds the error `#DIV/0!`, first B1: NULL",
        ]
    );
}

#[test]
fn a_formula_without_a_value_is_refused() {
    for body in [
        "<f>A1</f>",
        "<f>A1</f><v></v>",
        "<f>A1</f><v/>",
        "<f t=\"shared\" si=\"0\"/>",
    ] {
        let rows = format!("<row r=\"3\"><c r=\"B3\"><v>1</v></c><c r=\"C3\">{body}</c></row>");
        let file = xlsx(&rows, "", "");
        let (cell, sheet) = ("C3".to_owned(), "One".to_owned());
        assert_eq!(
            fault(&file),
            Error::FormulaWithoutValue { cell, sheet },
            "{body}"
        );
        // What it says to do helps.
        let selection = select("", "A1:B9");
        let (_, text) = read_in(&file, 4_096, selection, Limits::default()).unwrap();
        assert_eq!(text, "\n\n,1\n");
    }
    let rows =
        "<row r=\"1\"><c r=\"A1\" t=\"str\"><f>\"\"</f><v></v></c><c r=\"B1\"><v>1</v></c></row>";
    assert_eq!(read(&xlsx(rows, "", "")).1, "1\n");
}

#[test]
fn cells_as_other_programs_write_them() {
    let rows = "<row><c><v>1</v></c><c t=\"inlineStr\"><is><r><t>a</t></r><rPh><t>no</t></rPh><r><t xml:space=\"preserve\"> b&amp;c</t></r></is></c>\
         <c t=\"d\"><v>2024-02-29T00:00:00Z</v></c><c t=\"d\"><v>2024-02-29T10:30:00</v></c><c s=\"1\"><v>45351.5</v></c>\
         <c t=\"str\"><v>x_x000A_y&#233;</v></c><c t=\"b\"><v>0</v></c><c s=\"9\"><v>1E+300</v></c><c/></row>";
    let (_, text) = read(&xlsx(
        rows,
        "<mergeCells><mergeCell ref=\"nonsense\"/></mergeCells>",
        "",
    ));
    assert_eq!(
        text,
        "1,\"a b&c\",2024-02-29,2024-02-29 10:30:00,2024-02-29 12:00:00,\"x\nyé\",false,1e300\n"
    );
    for rows in [
        "<row r=\"2\"/><row r=\"1\"/>",
        "<row r=\"1\"><c r=\"B1\"/><c r=\"A1\"/></row>",
        "<row r=\"1\"><c r=\"A2\"/></row>",
        "<row r=\"0\"/>",
        "<c><v>1</v></c>",
        "<row><c><v>x</v></c></row>",
        "<row><c><v>NaN</v></c></row>",
        "<row><c t=\"s\"><v>7</v></c></row>",
        "<row><c><v>&unknown;</v></c></row>",
        "<row><c></row></c>",
    ] {
        let error = fault(&xlsx(rows, "", ""));
        assert!(
            matches!(error, Error::BadWorkbook { .. }),
            "{rows}: {error}"
        );
    }
}

#[test]
fn dates_are_counted_from_1900_or_from_1904() {
    for (serial, expected) in [
        (0.0, "1900-01-00"),
        (1.0, "1900-01-01"),
        (59.0, "1900-02-28"),
        (60.0, "1900-02-29"),
        (61.0, "1900-03-01"),
        (0.5, "12:00:00"),
        (45_351.000_011_574_07, "2024-02-29 00:00:01"),
        (45_351.999_999_999_9, "2024-03-01"),
        (2_958_465.0, "9999-12-31"),
        (2_958_466.0, "2958466"),
        (-1.0, "-1"),
    ] {
        assert_eq!(moment(serial, Kind::Date, false), expected, "{serial}");
    }
    assert_eq!(moment(0.0, Kind::Time, false), "00:00:00");
    assert_eq!(moment(0.0, Kind::Date, true), "1904-01-01");
    assert_eq!(moment(43_889.0, Kind::Date, true), "2024-02-29");
    assert_eq!(moment(-0.25, Kind::Duration, false), "-06:00:00");
    assert_eq!(moment(4.5, Kind::Duration, false), "108:00:00");
    let rows =
        "<row><c s=\"1\"><v>43889</v></c><c s=\"2\"><v>0.25</v></c><c s=\"3\"><v>2</v></c></row>";
    assert_eq!(
        read(&xlsx(rows, "", "date1904=\"1\"")).1,
        "2024-02-29,06:00:00,48:00:00\n"
    );
}

#[test]
fn formats_say_what_numbers_are() {
    for (format, kind) in [
        ("General", Kind::Number),
        ("0.00", Kind::Number),
        ("#,##0 \"dd\"", Kind::Number),
        ("[Red]0.0;[Blue]-0.0", Kind::Number),
        ("0.00E+00", Kind::Number),
        ("\\d0", Kind::Number),
        ("[$-409]d\\-mmm\\-yy;@", Kind::Date),
        ("mmm", Kind::Date),
        ("yyyy\"-\"mm", Kind::Date),
        ("dd/mm/yyyy hh:mm", Kind::Date),
        ("h:mm AM/PM", Kind::Time),
        ("mm:ss.0", Kind::Time),
        ("[hh]:mm", Kind::Duration),
        ("[mm]:ss", Kind::Duration),
        ("@", Kind::Number),
    ] {
        assert_eq!(kind_of_format(format), kind, "{format}");
    }
}

#[test]
fn numbers_have_their_shortest_text() {
    for (value, expected) in [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (123_456_789_012_345.0, "123456789012345"),
        (1e20, "100000000000000000000"),
        (1e21, "1e21"),
        (0.000_001, "0.000001"),
        (1e-9, "1e-9"),
        (f64::MAX, "1.7976931348623157e308"),
    ] {
        let text = number(value);
        assert_eq!(text, expected);
        assert_eq!(
            text.parse::<f64>().unwrap().total_cmp(&(value + 0.0)),
            Ordering::Equal
        );
    }
}

#[test]
fn an_opendocument_sheet_is_read() {
    let p = |text: &str| format!("<text:p>{text}</text:p>");
    let cell = |attributes: &str, text: &str| {
        format!(
            "<table:table-cell {attributes}>{}</table:table-cell>",
            p(text)
        )
    };
    let rows = [
        cell("office:value-type=\"string\"", "a<text:s text:c=\"2\"/>b<text:tab/><text:span>c</text:span>"),
        cell("office:value-type=\"string\"", "007"),
        cell("office:value-type=\"float\" office:value=\"1234.50\"", "1.234,50 €"),
        cell("office:value-type=\"percentage\" office:value=\"0.125\"", "12,5 %"),
        cell("office:value-type=\"date\" office:date-value=\"2024-02-29\"", "29.02.24"),
        cell("office:value-type=\"date\" office:date-value=\"2024-02-29T13:05:07.250000000\"", "x"),
        cell("office:value-type=\"time\" office:time-value=\"PT36H05M07.5S\"", "x"),
        cell("office:value-type=\"boolean\" office:boolean-value=\"true\"", "WAHR"),
        cell("office:value-type=\"string\" calcext:value-type=\"error\" table:formula=\"of:=NA()\" office:string-value=\"\"", "#N/A"),
        "<table:table-cell office:value-type=\"string\"><office:annotation><text:p>note</text:p></office:annotation><text:p>x</text:p><text:p>y</text:p></table:table-cell>".to_owned(),
        "<table:table-cell table:number-columns-repeated=\"16374\"/>".to_owned(),
    ]
    .concat();
    let tables = format!(
        "<table:table table:name=\"Hidden\" table:style-name=\"ta2\"><table:table-row>{}</table:table-row></table:table>\
         <table:table table:name=\"Umsatz\" table:style-name=\"ta1\">\
         <table:table-column table:number-columns-repeated=\"2\"/><table:table-column table:visibility=\"collapse\"/>\
         <table:table-header-rows><table:table-row>{rows}</table:table-row></table:table-header-rows>\
         <table:table-row table:number-rows-repeated=\"2\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>\
         <table:table-row table:number-rows-repeated=\"2\" table:visibility=\"filter\">{}{}<table:covered-table-cell>{}</table:covered-table-cell></table:table-row>\
         <table:table-row table:number-rows-repeated=\"1048571\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>\
         </table:table>",
        cell("office:value-type=\"float\" office:value=\"1\"", "1"),
        cell(
            "office:value-type=\"float\" office:value=\"2\" table:number-columns-repeated=\"2\"",
            "2"
        ),
        cell(
            "office:value-type=\"string\" table:number-columns-spanned=\"2\" table:number-rows-spanned=\"1\"",
            "m"
        ),
        p("under it"),
    );
    let (found, text) = read(&ods(&tables));
    assert_eq!(
        text,
        "\"a  b\tc\",\"007\",1234.5,0.125,2024-02-29,2024-02-29 13:05:07.25,36:05:07.5,true,\\N,\"x\ny\"\n\n\n\
         2,2,\"m\",,,,,,,\n2,2,\"m\",,,,,,,\n"
    );
    assert_eq!((found.kind, found.sheet_name()), ("ods", "Umsatz"));
    assert_eq!(
        found.notes,
        [
            "hidden sheets are not read: `Hidden`",
            "2 rows are hidden, and read like the others",
            "hidden columns are read like the others: C",
            "1 merged area, the first C4:D4: its value stands in its first cell, the others are empty",
            "1 cell holds the error `#N/A`, first I1: NULL",
            "1 cell has line breaks; below them, numbers of lines are greater than those of rows",
        ]
    );
    let missing = "<table:table table:name=\"T\"><table:table-row><table:table-cell table:formula=\"of:=1\"/></table:table-row></table:table>";
    let (cell, sheet) = ("A1".to_owned(), "T".to_owned());
    assert_eq!(
        fault(&ods(missing)),
        Error::FormulaWithoutValue { cell, sheet }
    );
}

#[test]
fn a_workbook_has_a_largest_size() {
    let file = of_all_types();
    for (limit, fits) in [
        (file.len() - 1, false),
        (file.len(), true),
        (file.len() + 1, true),
    ] {
        let limits = Limits {
            max_workbook_bytes: limit,
            ..Limits::default()
        };
        let read = read_in(&file, 100, Selection::default(), limits);
        let limit = limit as u64;
        assert_eq!(read.is_ok(), fits, "{limit}");
        if !fits {
            assert_eq!(read.unwrap_err(), Error::WorkbookTooLarge { limit });
        }
    }
}

#[test]
fn shared_texts_have_a_largest_size() {
    let file = made(|book| {
        let sheet = book.add_worksheet();
        for row in 0..100 {
            sheet.write_string(row, 0, format!("{row:05}{}", "x".repeat(10_000)))?;
        }
        Ok(())
    });
    // Each takes 10,005 bytes, and eight for its place.
    for (limit, fits) in [(1_001_299, false), (1_001_300, true)] {
        let limits = Limits {
            max_workbook_bytes: limit,
            ..Limits::default()
        };
        assert!(file.len() < limit);
        let read = read_in(&file, 1 << 16, Selection::default(), limits);
        assert_eq!(read.is_ok(), fits, "{limit}");
    }
}

#[test]
fn bombs_end() {
    let limits = Limits {
        max_expansion: 10,
        ..Limits::default()
    };
    let ends = |file: &[u8]| {
        assert!(file.len() < 1 << 20);
        read_in(file, 1 << 16, Selection::default(), limits).unwrap_err()
    };
    let blank = "<row>".to_owned() + &" ".repeat(70 << 20) + "</row>";
    let long = "<row><c t=\"str\"><v>".to_owned() + &"x".repeat(17 << 20) + "</v></c></row>";
    let deep = "<a>".repeat(1_000);
    let many = "x".repeat(100);
    let many = format!("<row><c t=\"str\"><v>{many}</v></c></row>").repeat(1_000_000);
    for (rows, is_expansive) in [(blank, false), (long, false), (deep, false), (many, true)] {
        let error = ends(&xlsx(&rows, "", ""));
        let is_expected = match error {
            Error::TooExpansive { .. } => is_expansive,
            Error::BadWorkbook { .. } => !is_expansive,
            _ => false,
        };
        assert!(is_expected, "{error}");
    }
    // Few bytes of XML that stand for many cells.
    let row = format!(
        "<table:table-row table:number-rows-repeated=\"1048576\"><table:table-cell office:value-type=\"string\" \
         table:number-columns-repeated=\"16384\"><text:p>{}</text:p></table:table-cell></table:table-row>",
        "x".repeat(1_000)
    );
    let error = ends(&ods(&format!(
        "<table:table table:name=\"T\">{row}</table:table>"
    )));
    assert!(matches!(error, Error::TooExpansive { .. }), "{error}");
    let error = ends(&ods(&format!(
        "<table:table table:name=\"T\">{}</table:table>",
        row.replace(&"x".repeat(1_000), &"x".repeat(100_000))
    )));
    assert!(matches!(error, Error::BadWorkbook { .. }), "{error}");
}

#[test]
fn damage_is_told_from_a_cut() {
    let file = of_all_types();
    for length in [600, file.len() / 2, file.len() - 22] {
        let error = fault(&file[..length]);
        let compression = Compression::Workbook;
        let offset = length as u64;
        assert_eq!(
            error,
            Error::Truncated {
                compression,
                offset
            }
        );
    }
    let rows = "<row><c><v>123456</v></c></row>";
    let file = xlsx(rows, "", "");
    let mut faults = 0;
    // Behind what it is recognised by.
    for place in 50..file.len() {
        let mut damaged = file.clone();
        damaged[place] ^= 0x10;
        let mut input = Input::new(None, None, Limits::default());
        input.push(damaged.into());
        let mut text = Vec::new();
        let outcome = loop {
            match input.finish() {
                Ok(Some(piece)) => text.extend_from_slice(&piece),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        match outcome {
            Ok(()) => assert_eq!(text, b"123456\n", "{place}"),
            Err(_) => faults += 1,
        }
    }
    assert!(faults > file.len() / 4);
}

#[test]
fn what_is_no_workbook_is_named() {
    for (file, expected) in [
        (ods(""), None),
        (
            archive(&[
                ("mimetype", "application/vnd.oasis.opendocument.text"),
                ("content.xml", "<a/>"),
            ]),
            Some(Foreign::Office),
        ),
        (
            archive(&[
                ("[Content_Types].xml", "<Types/>"),
                ("word/document.xml", "<a/>"),
            ]),
            Some(Foreign::Office),
        ),
    ] {
        let error = fault(&file);
        match expected {
            Some(foreign) => assert_eq!(error, Error::Foreign { foreign }),
            None => assert!(matches!(error, Error::NoSuchSheet { .. }), "{error}"),
        }
    }
    let relation = |target: &str| {
        let root = format!(
            "<Relationships><Relationship Id=\"r\" Type=\"{RELATIONS}/officeDocument\" Target=\"{target}\"/></Relationships>"
        );
        fault(&archive(&[
            ("[Content_Types].xml", "<Types/>"),
            ("_rels/.rels", &root),
        ]))
    };
    assert_eq!(
        relation("xl/workbook.bin"),
        Error::Foreign {
            foreign: Foreign::BinaryWorkbook
        }
    );
    assert_eq!(
        relation("word/document.xml"),
        Error::Foreign {
            foreign: Foreign::Office
        }
    );
    let encrypted = "<manifest:manifest><manifest:encryption-data/></manifest:manifest>";
    let file = archive(&[
        ("mimetype", MIME),
        ("content.xml", "\u{1}"),
        ("META-INF/manifest.xml", encrypted),
    ]);
    assert_eq!(fault(&file), Error::WorkbookPassword);
}

#[test]
fn what_is_said_of_a_workbook_needs_one_and_the_other_way_round() {
    let csv = b"a,b\n1,2\n".repeat(200);
    let error = read_in(&csv, 100, select("One", ""), Limits::default()).unwrap_err();
    assert!(matches!(error, Error::NoWorkbook { .. }));
    let mut input = Input::new(Some(Compression::Workbook), None, Limits::default());
    input.push(csv.into());
    assert!(matches!(input.next_piece(), Err(Error::NoWorkbook { .. })));
    let encoding = crate::codec::Encoding::from_name("windows-1252");
    let mut input = Input::new(None, encoding, Limits::default());
    input.push(of_all_types().into());
    assert_eq!(
        input.finish(),
        Err(Error::NotOfWorkbook { option: "encoding" })
    );
    // The beginning of one is not enough to see anything of it.
    let mut input = Input::new(None, None, Limits::default());
    input.push(Bytes::from(of_all_types()).slice(..1_000));
    assert_eq!(input.next_piece(), Ok(None));
    assert_eq!(input.cut_short(), Err(Error::WorkbookCutShort));
}
