//! Those who read a footer, and the proof that they find the same in it.

use std::hint::black_box;

use ::parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use seapink::codec::{decode_from, from_slice, to_vec};
use seapink::{Compact, Limits, mask, project};
use thrift::protocol::{TCompactInputProtocol, TCompactOutputProtocol, TSerializable};

use super::PARQUET;
use crate::Result;
use crate::contestants::{apache, cpp, seapink as ours};
use crate::measure::{Contestant, Label};

#[allow(clippy::all, clippy::pedantic, reason = "emitted")]
mod idl {
    include!(concat!(env!("OUT_DIR"), "/parquet.rs"));
}

#[allow(warnings, clippy::all, clippy::pedantic, reason = "generated")]
mod of_apache {
    include!(concat!(env!("OUT_DIR"), "/apache/parquet.rs"));
}

use idl::parquet::{FileMetaData, FileMetaDataView};

fn label(peer: &'static str, how: &'static str) -> Label {
    Label {
        peer,
        protocol: Some("compact"),
        how,
    }
}

pub fn contestants(footer: &[u8]) -> Result<Vec<Contestant>> {
    let theirs =
        ParquetMetaDataReader::decode_metadata(footer).map_err(|error| error.to_string())?;
    let found: FileMetaData =
        from_slice::<Compact, _>(footer).map_err(|error| error.to_string())?;
    same(&found, &theirs)?;
    let written = to_vec::<Compact>(&found).map_err(|error| error.to_string())?;
    if written != footer {
        return Err(String::from(
            "seapink does not write the footer that it has read",
        ));
    }
    let mut contestants = vec![
        fresh(footer),
        recycled(footer, found.clone()),
        view(footer, &found)?,
        projected(footer, &found)?,
        crate_parquet(footer),
        crate_thrift(footer)?,
    ];
    contestants.extend(cpp::footer(footer)?);
    Ok(contestants)
}

fn fresh(footer: &[u8]) -> Contestant {
    let input = footer.to_vec();
    Contestant::new(label(ours::PEER, ""), move |loops| {
        for _ in 0..loops {
            let _ = black_box(from_slice::<Compact, FileMetaData>(black_box(&input)));
        }
    })
}

fn recycled(footer: &[u8], mut place: FileMetaData) -> Contestant {
    let (input, limits) = (footer.to_vec(), Limits::default());
    Contestant::new(label(ours::PEER, "recycled"), move |loops| {
        for _ in 0..loops {
            let read = decode_from::<Compact, _>(&mut place, black_box(&input), &limits);
            let _ = black_box(read);
            black_box(&place);
        }
    })
}

fn view(footer: &[u8], whole: &FileMetaData) -> Result<Contestant> {
    let read = from_slice::<Compact, FileMetaDataView<'_>>(footer);
    let read = read.and_then(FileMetaData::try_from);
    if read.map_err(|error| error.to_string())? != *whole {
        return Err(String::from("seapink's view differs from the owned value"));
    }
    let input = footer.to_vec();
    Ok(Contestant::new(label(ours::PEER, "view"), move |loops| {
        for _ in 0..loops {
            let _ = black_box(from_slice::<Compact, FileMetaDataView<'_>>(black_box(
                &input,
            )));
        }
    }))
}

/// The schema and the number of rows of each row group.
fn projected(footer: &[u8], whole: &FileMetaData) -> Result<Contestant> {
    let mask = mask!(FileMetaData { schema, num_rows, row_groups { num_rows } });
    let read =
        project::<Compact, FileMetaData>(footer, &mask).map_err(|error| error.to_string())?;
    let rows = |of: &FileMetaData| -> Vec<_> {
        of.row_groups.iter().map(|group| group.num_rows).collect()
    };
    if read.schema != whole.schema || rows(&read) != rows(whole) {
        return Err(String::from("seapink's projection differs from the whole"));
    }
    let input = footer.to_vec();
    Ok(Contestant::new(
        label(ours::PEER, "projected"),
        move |loops| {
            for _ in 0..loops {
                let _ = black_box(project::<Compact, FileMetaData>(black_box(&input), &mask));
            }
        },
    ))
}

fn crate_parquet(footer: &[u8]) -> Contestant {
    let input = footer.to_vec();
    Contestant::new(label(PARQUET, ""), move |loops| {
        for _ in 0..loops {
            let _ = black_box(ParquetMetaDataReader::decode_metadata(black_box(&input)));
        }
    })
}

fn crate_thrift(footer: &[u8]) -> Result<Contestant> {
    let read = |bytes: &[u8]| {
        of_apache::FileMetaData::read_from_in_protocol(&mut TCompactInputProtocol::new(bytes))
    };
    let found = read(footer).map_err(|error| error.to_string())?;
    let mut written = Vec::new();
    found
        .write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut written))
        .map_err(|error| error.to_string())?;
    if written != footer {
        return Err(String::from(
            "Apache's crate does not write the footer that it has read",
        ));
    }
    let input = footer.to_vec();
    Ok(Contestant::new(label(apache::PEER, ""), move |loops| {
        for _ in 0..loops {
            let _ = black_box(read(black_box(&input)));
        }
    }))
}

/// Whether what the crate `parquet` has found is what we have found.
fn same(ours: &FileMetaData, theirs: &ParquetMetaData) -> Result<()> {
    let expect = |what: &str, same: bool| {
        let error = || format!("the crate `parquet` reads another {what}");
        same.then_some(()).ok_or_else(error)
    };
    let file = theirs.file_metadata();
    expect("number of rows", ours.num_rows == file.num_rows())?;
    expect("author", ours.created_by.as_deref() == file.created_by())?;
    expect(
        "schema",
        ours.schema.len() == file.schema_descr().num_columns() + 1,
    )?;
    expect(
        "number of groups",
        ours.row_groups.len() == theirs.num_row_groups(),
    )?;
    for (ours, theirs) in ours.row_groups.iter().zip(theirs.row_groups()) {
        expect("group", ours.num_rows == theirs.num_rows())?;
        expect(
            "number of columns",
            ours.columns.len() == theirs.num_columns(),
        )?;
        for (ours, theirs) in ours.columns.iter().zip(theirs.columns()) {
            let ours = ours.meta_data.clone().unwrap_or_default();
            expect("path", ours.path_in_schema == theirs.column_path().parts())?;
            expect("number of values", ours.num_values == theirs.num_values())?;
            expect(
                "size",
                ours.total_compressed_size == theirs.compressed_size(),
            )?;
            expect("place", ours.data_page_offset == theirs.data_page_offset())?;
            let ours = ours.statistics.unwrap_or_default();
            let Some(theirs) = theirs.statistics() else {
                return Err(String::from("the crate `parquet` finds no statistics"));
            };
            expect(
                "least value",
                ours.min_value.as_deref() == theirs.min_bytes_opt(),
            )?;
            expect(
                "greatest value",
                ours.max_value.as_deref() == theirs.max_bytes_opt(),
            )?;
            let nulls = ours.null_count.and_then(|nulls| u64::try_from(nulls).ok());
            expect("number of nulls", nulls == theirs.null_count_opt())?;
        }
    }
    Ok(())
}
