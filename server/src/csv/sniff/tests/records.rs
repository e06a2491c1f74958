//! No line that can be a record is left out: each case has what is skipped, the header, the last line,
//! the usual width, and whether there are two readings.

use super::super::{Doubt, Hint, Hints, sniff};

/// What is found: lines skipped, header rows, the last line, fields.
type Found = (u64, u8, Option<u64>, usize);

fn found(text: &str, hints: &Hints) -> (Found, Option<Doubt>) {
    let sniffed = sniff(text.as_bytes(), true, hints);
    let found = (
        sniffed.skip_lines.value,
        sniffed.header_rows.value,
        sniffed.end_line.value,
        sniffed.field_count.value,
    );
    (found, sniffed.doubt)
}

fn check(cases: &[(&str, Found)]) {
    for (text, expected) in cases {
        assert_eq!(found(text, &Hints::default()), (*expected, None), "{text}");
        let crlf = text.replace('\n', "\r\n");
        assert_eq!(
            found(&crlf, &Hints::default()),
            (*expected, None),
            "CR LF: {text}"
        );
        let semicolons = text.replace(',', ";");
        let semicolons = found(&semicolons, &Hints::default());
        assert_eq!(semicolons, (*expected, None), "semicolons: {text}");
    }
}

#[test]
fn records_above_wider_or_narrower_ones_are_records() {
    check(&[
        (
            "1,Ann,10\n2,Bob,20\n3,Cid,30,x\n4,Dan,40,x\n5,Eve,50,x\n",
            (0, 0, None, 4),
        ),
        ("1,x\n2,y,z\n3,y,z\n4,y,z\n5,y,z\n", (0, 0, None, 3)),
        ("1,x,more\n2,y\n3,z\n4,w\n5,v\n", (0, 0, None, 2)),
        ("1\n2,x\n3,y\n4,z\n", (0, 0, None, 2)),
        (
            "1,2,3\n4,5,6\n7,8,9\n1,2,3,4\n4,5,6,7\n7,8,9,1\n",
            (0, 0, None, 4),
        ),
        (",,\n1,2,3\n4,5,6\n", (0, 0, None, 3)),
        // Notes have no delimiter, or nothing but their first field.
        ("Sales report\n2,x\n3,y\n4,z\n", (1, 0, None, 2)),
        (
            "Sales report,,\n,,\nid,name,qty\n1,Ann,5\n2,Bob,6\n",
            (2, 1, None, 3),
        ),
    ]);
}

#[test]
fn a_header_of_another_width_is_the_header() {
    check(&[
        ("A,B,\n1,2\n3,4\n", (0, 1, None, 2)),
        ("A,B,,\n1,2\n3,4\n5,6\n", (0, 1, None, 2)),
        ("qty,id,note\n1,2\n2,4\n3,6\n4,8\n5,10\n", (0, 1, None, 2)),
        (
            "name,city,\nAnn,Oslo\nBob,Rome\nCid,Bonn\n",
            (0, 1, None, 2),
        ),
    ]);
}

#[test]
fn names_may_stand_in_several_rows_or_below_titles() {
    check(&[
        // Groups.
        (
            "day,,night,\nlow,high,low,high\n4.5,9.1,1.8,2.0\n4.9,8.0,1.2,3.1\n5.3,8.4,0.9,3.9\n",
            (0, 2, None, 4),
        ),
        (
            "A,A,B,B\nx,y,x,y\nm,m,kg,kg\n1.5,2.5,3.5,4.5\n2.5,3.5,4.5,5.5\n",
            (0, 3, None, 4),
        ),
        // Types, as ClickHouse writes them.
        (
            "id,name,at\nUInt32,String,Nullable(DateTime)\n1,a,2024-01-05 10:00:00\n2,b,2024-01-06 10:00:00\n",
            (0, 2, None, 3),
        ),
        (
            "a,b\nString,LowCardinality(String)\nx,y\nz,w\n",
            (0, 2, None, 2),
        ),
        // Rows that are about types.
        (
            "name,type\nString,Date\nid,Int32\nday,Date\n",
            (0, 1, None, 2),
        ),
        (
            "from,to\nInt8,Int16\nInt16,Int32\nInt32,Int64\n",
            (0, 1, None, 2),
        ),
        // Titles that are padded.
        (
            "Board of Bridges,,,,\nVisits made,,,,\nPerson,Day,Town,Reason,Price\nAnn Lee,none made,,,\nBob Ray,14-May,Lund,Opening,84\nCy Doe,20-Jun,Oslo,Opening,120\nDi Fox,none made,,,\n",
            (2, 1, None, 5),
        ),
        (
            "Overview of apples ,\n,\nOrchard,Sum of Baskets\nNorth,120.5\nEast,88.25\nWest,310.75\n",
            (2, 1, None, 2),
        ),
        // No titles: what stands below is no header.
        ("5,\n6,5\n7,6\n8,7\n", (0, 0, None, 2)),
        // The same header once more.
        (
            "DAY,THING,N\n3 May,Lamp,2\n4 May,Chair,0\n5 May,Table,1\nDAY,THING,N\n3 Jun,Rug,2\n",
            (0, 1, Some(4), 3),
        ),
        ("x,x\nx,y\nx,x\ny,x\n", (0, 0, None, 2)),
    ]);
}

#[test]
fn a_rare_delimiter_is_found_beside_commas_in_texts() {
    for (text, delimiter) in [
        (
            "West#Hills#Ville0#ROAD#CASTLE, 4#7100#55\nWest#Hills#Ville1#ROAD#LANE, 2#7101#56\n\
             West#Hills#Ville2#ROAD#GATE, 8#7102#57\nWest#Hills#Ville3#ROAD#FRANCE, 1#7103#58\n",
            "#",
        ),
        (
            "# Kitchen list, spring\n# Ask the cook, or the gardener, for more.\n\nTOOL|GROUP|HANDS|WEIGHT\n\
             Ladle|spoon|1|0.2\nPot|vessel|2|1.5\nSieve|vessel|1|0.4\n# end, of, list\n",
            "|",
        ),
        ("id,tags,n\n1,#a #b,2\n2,#c #d,3\n3,#e,4\n", ","),
    ] {
        let sniffed = sniff(text.as_bytes(), true, &Hints::default());
        assert_eq!(sniffed.delimiter.value, delimiter.as_bytes(), "{text}");
    }
}

#[test]
fn the_names_of_rows_have_no_name() {
    for (text, row_names) in [
        ("\"x\";\"y\"\n\"r1\";1;2\n\"r2\";3;4\n\"r3\";5;6\n", true),
        ("\"x\",\"y\"\n\"1\",1,2\n\"2\",3,4\n\"3\",5,6\n", true),
        ("x y\n1 7 2\n2 3 4\n3 5 6\n", true),
        ("x,y\n1,2,\n3,4,\n", false),
        ("a,b,c\n1,2,3\n4,5,6\n", false),
    ] {
        let sniffed = sniff(text.as_bytes(), true, &Hints::default());
        assert_eq!(sniffed.row_names.value, row_names, "{text}");
        assert_eq!(sniffed.doubt, None, "{text}");
    }
}

#[test]
fn records_behind_a_blank_line_or_of_another_width_are_records() {
    check(&[
        ("a,b,c\n1,2,3\n4,5,6\n\n7,8\n", (0, 1, None, 3)),
        ("a,b,c\n1,2,3\n4,5,6\n\n7,8\n9,10\n11,12\n", (0, 1, None, 3)),
        (
            "name,score\nAnn,5\nBob,6\n\nCid,absent\nDan,7\nEve,8\n",
            (0, 1, None, 2),
        ),
        ("1,a\n2,b\n\n1,a\n3,c\n4,d\n", (0, 0, None, 2)),
        (
            "name,city,job\nAnn,Oslo,cook\nBob,Rome,smith\nCid,Bonn,baker\nDan,Kiev\nEve,Lima\n",
            (0, 1, None, 3),
        ),
        // Another header begins another table.
        (
            "id,name,n\n1,Ann,10\n2,Bob,20\n3,Cid,30\n\ntotal,amount\n4,50\n5,60\n",
            (0, 1, Some(4), 3),
        ),
        (
            "id,v\n1,10\n2,20\n3,30\n\nid,v\n4,40\n5,50\n",
            (0, 1, Some(4), 2),
        ),
    ]);
}

#[test]
fn a_last_record_that_is_cut_off_is_no_note() {
    let table = "place,x,y\nOak Hill,1,2\nElm Street,3,4\nPine Road,5,6\nBirch Lane,7,8\n";
    for rest in [
        "Boston Har",
        "Boston Harbor,",
        "Boston Harbor,9",
        "\nBoston Har",
    ] {
        let text = format!("{table}{rest}");
        assert_eq!(
            found(&text, &Hints::default()),
            ((0, 1, None, 3), None),
            "{rest}"
        );
    }
    // With its line end, or behind a blank line and like a sentence, it is one.
    for rest in [
        "* a note on Boston\n",
        "\nSource: the harbour",
        "\nSource: it, as of May",
    ] {
        let text = format!("{table}{rest}");
        assert_eq!(
            found(&text, &Hints::default()),
            ((0, 1, Some(5), 3), None),
            "{rest}"
        );
    }
    let wide = "a,b,c,d,e,f\nOak Hill,2,3,4,5,6\nElm,2,3,4,5,6\nFir,2,3,4,5,6\nBoston Harbor,2";
    assert_eq!(found(wide, &Hints::default()), ((0, 1, None, 6), None));
}

#[test]
fn lines_that_begin_like_comments_and_are_cut_like_records_are_records() {
    check(&[
        ("id,v\n1,a\n#2,b\n# note\n3,c\n4,d\n", (0, 1, None, 2)),
        (
            "# made by x, y\n# second\nid,v,w\n1,a,3\n2,b,4\n",
            (2, 1, None, 3),
        ),
    ]);
    let starred = "*1,Ann,10\n*2,Bob,20\n3,Cid,30,x\n4,Dan,40,x\n5,Eve,50,x\n6,Fay,60,x\n";
    let sniffed = sniff(starred.as_bytes(), true, &Hints::default());
    assert_eq!((sniffed.comment.value, sniffed.skip_lines.value), (None, 0));
}

#[test]
fn a_lone_row_that_says_what_it_is_is_no_doubt() {
    let of_table = Hints {
        columns: vec!["alice".to_owned(), "oslo".to_owned()],
        ..Hints::default()
    };
    for (text, hints) in [
        ("id,name\n", Hints::default()),
        ("1,oslo\n", Hints::default()),
        ("alice,oslo\n", of_table),
    ] {
        assert_eq!(found(text, &hints).1, None, "{text}");
    }
}

#[test]
fn two_readings_are_a_doubt_until_the_caller_settles_it() {
    let above = |line, table_line| Doubt::LinesAbove { line, table_line };
    let uneven = |fields, expected| Doubt::UnevenHeader {
        line: 1,
        fields,
        expected,
    };
    let short = |names, fields| Doubt::ShortHeader {
        line: 1,
        names,
        fields,
    };
    let cases = [
        (
            "Report,Sales\n\nid,name,city\n1,Ann,Oslo\n2,Bob,Rome\n",
            above(1, 3),
        ),
        (
            "Title\nReport,Sales\nid,name,city\n1,Ann,Oslo\n2,Bob,Rome\n",
            above(2, 3),
        ),
        ("Ann,,,\nBob,1,2,3\nCid,4,5,6\nDan,4,5,6\n", above(1, 2)),
        ("a,x\nb,y,z\nc,y,z\nd,y,z\n", uneven(2, 3)),
        (
            "Ann,Oslo,extra\nBob,Rome\nCid,Bonn\nDan,Kiev\n",
            uneven(3, 2),
        ),
        ("id,name\n1,Ann,10,x\n2,Bob,20,x\n3,Cid,30,x\n", short(2, 4)),
        // Names of rows would each be another one, and in quotes.
        ("id,n\nx,Ann,10\nx,Bob,20\nz,Cid,30\n", short(2, 3)),
        ("alice,oslo\n", Doubt::LoneRow { line: 1 }),
        ("\nalice,oslo", Doubt::LoneRow { line: 2 }),
    ];
    for (text, doubt) in cases {
        assert_eq!(found(text, &Hints::default()).1, Some(doubt), "{text}");
        let skip = Hints {
            skip_lines: Hint::Given(0),
            ..Hints::default()
        };
        let headless = Hints {
            header_rows: Hint::Given(0),
            ..Hints::default()
        };
        let hints = match doubt {
            Doubt::LinesAbove { .. } => [skip, headless],
            _ => [headless.clone(), headless],
        };
        for hints in hints {
            assert_eq!(found(text, &hints).1, None, "{text}");
        }
        assert!(doubt.to_string().contains("`--"), "{doubt}");
    }
}

#[test]
fn without_a_header_every_line_is_a_record() {
    let headless = Hints {
        header_rows: Hint::Given(0),
        ..Hints::default()
    };
    for text in [
        "1,x\n2,y,z\n3,y,z\n",
        "Sales report\nid,name\n1,Ann\n2,Bob\n",
        "# a note\n1,2\n3,4\n",
        "a,b,c\n1,2,3\n4,5,6\n\nSource: the office\n",
        "Boston,,\nOslo,1,2\nRome,3,4\n",
    ] {
        let sniffed = sniff(text.as_bytes(), true, &headless);
        assert_eq!(sniffed.skip_lines.value, 0, "{text}");
        assert_eq!(sniffed.end_line.value, None, "{text}");
        assert_eq!(sniffed.comment.value, None, "{text}");
        assert_eq!(sniffed.doubt, None, "{text}");
    }
}

#[test]
fn a_line_that_names_columns_of_the_table_is_the_header() {
    let known = Hints {
        columns: vec!["Name".to_owned(), "city".to_owned(), "note".to_owned()],
        ..Hints::default()
    };
    for (text, expected) in [
        ("name,city\nAnn,Oslo\nBob,Rome\n", (0, 1, None, 2)),
        (
            " NAME ,city,note\nAnn,Oslo\nBob,Rome\nCid,Bonn\n",
            (0, 1, None, 2),
        ),
        ("A title\nnote,name\nx,Ann\ny,Bob\n", (1, 1, None, 2)),
    ] {
        assert_eq!(found(text, &known), (expected, None), "{text}");
    }
    // Where two widths are as common, the table's counts.
    let pairs = Hints {
        columns: vec!["a".to_owned(), "b".to_owned()],
        ..Hints::default()
    };
    assert_eq!(found("1,2\n3,4,5\n", &pairs).0.3, 2);
    assert_eq!(found("1,2\n3,4,5\n", &Hints::default()).0.3, 3);
}

#[test]
fn a_long_head_of_comments_hides_nothing() {
    for (sign, count) in [("#", 60_000), ("//", 3_000), ("%", 900)] {
        let mut text = String::new();
        for line in 0..count {
            text.push_str(&format!("{sign} note {line} on this, and that\n"));
        }
        text.push_str("a,b\n");
        for line in 0..50 {
            text.push_str(&format!("{line},x\n"));
        }
        let sniffed = sniff(text.as_bytes(), true, &Hints::default());
        assert_eq!(sniffed.skip_lines.value, count, "{sign}");
        assert_eq!(sniffed.names, ["a", "b"], "{sign}");
        assert_eq!(sniffed.comment.value.as_deref(), Some(sign.as_bytes()));
        let head = super::super::head_bytes(text.as_bytes(), &Hints::default());
        assert!(text.get(head..).unwrap().starts_with("a,b\n"), "{sign}");
    }
    // Records that all begin with such a sign are no head.
    let tags: String = (0..2_000).map(|tag| format!("#tag{tag},5,x\n")).collect();
    assert_eq!(
        super::super::head_bytes(tags.as_bytes(), &Hints::default()),
        0
    );
    let skip = Hints {
        skip_lines: Hint::Given(2),
        ..Hints::default()
    };
    assert_eq!(super::super::head_bytes(b"x,y\nz\na,b\n", &skip), 6);
}

#[test]
fn blank_lines_take_no_longer() {
    let text = format!("a,b,c\n{}", "1,2,3\n\n1,2\n\n".repeat(60_000));
    let start = std::time::Instant::now();
    assert_eq!(found(&text, &Hints::default()).0, (0, 1, None, 3));
    let took = start.elapsed();
    // It took minutes when every one of them was looked at as the end of the table.
    assert!(took < std::time::Duration::from_secs(20), "{took:?}");
}

#[test]
fn a_word_above_records_can_name_the_only_column() {
    for text in [
        "preis\n12,50\n8,99\n100,00\n",
        "Betrag\n1.234,50\n-7,00\n",
        "name\nSmith, John\nDoe, Jane\n",
        "k\na|b\nc|d\n",
    ] {
        let sniffed = sniff(text.as_bytes(), true, &Hints::default());
        assert_eq!(sniffed.doubt, Some(Doubt::LoneName { line: 1 }), "{text}");
    }
    for text in [
        "Report of May\nname,n\nAnn,1\nBob,2\n",
        "Report\n\nname,n\nAnn,1\nBob,2\n",
        "Report\nname,n\nAnn,1\nBob,2\nCid,3\n",
    ] {
        let sniffed = sniff(text.as_bytes(), true, &Hints::default());
        assert_eq!(sniffed.doubt, None, "{text}");
    }
}

#[test]
fn a_comma_within_numbers_makes_no_names_of_rows() {
    for text in [
        "v,name\n1,5,x\n2,5,y\n",
        "id,v\n1,1,000\n2,2,000\n",
        "id,v\n1,7,5\n2,1,5\n",
    ] {
        let sniffed = sniff(text.as_bytes(), true, &Hints::default());
        let short = matches!(sniffed.doubt, Some(Doubt::ShortHeader { line: 1, .. }));
        assert!(short, "{text}: {:?}", sniffed.doubt);
    }
}

#[test]
fn a_delimiter_parts_all_lines_and_stands_in_no_column_of_its_own() {
    for (text, delimiter, fields) in [
        ("one,two\n7;8;9,1;0;2\nx;y;z,u;v;w\n", ",", 2),
        ("key|tags\n1|red,big\n2|blue,small\n", "|", 2),
        (
            "   1 # '21 oak row' # ' hilltown, zz 90210'\n   2 # '22 oak row' # ' hilltown, zz 90210'\n",
            "#",
            3,
        ),
    ] {
        let sniffed = sniff(text.as_bytes(), true, &Hints::default());
        let found = (
            sniffed.delimiter.value.as_slice(),
            sniffed.field_count.value,
        );
        assert_eq!(found, (delimiter.as_bytes(), fields), "{text}");
    }
}

#[test]
fn two_delimiters_that_part_the_lines_equally_well_are_a_doubt() {
    let text = b"H:m:s.S,H:m:s.SSS\n09:41:05.3,23:08:59.271\n";
    let doubt = sniff(text, true, &Hints::default()).doubt;
    let expected = Doubt::Delimiters {
        one: b':',
        other: b',',
    };
    assert_eq!(doubt, Some(expected));
    let settled = [
        Hints {
            delimiter: Hint::Given(b",".to_vec()),
            ..Hints::default()
        },
        Hints {
            columns: vec!["m".to_owned()],
            ..Hints::default()
        },
    ];
    for hints in settled {
        assert_eq!(sniff(text, true, &hints).doubt, None, "{hints:?}");
    }
}
