//! How the file of an upload was cut, once nobody is left who has read it.
//!
//! Part of `transfer::rejects`. The journal keeps the beginning of each file; it is read again as it
//! was read then. It must never move a row.

use crate::{
    catalog::Table,
    transfer::{
        Result, Transfers, UploadRequest,
        live::FileForm,
        plan::Plan,
        upload::head::{Feed, Head},
    },
};

impl Transfers {
    /// How the file of an upload was cut, from what the journal keeps of it; `request` is what was
    /// asked for then. None where nothing is kept.
    ///
    /// # Errors
    ///
    /// Those of ClickHouse.
    pub async fn stored_form(&self, request: &UploadRequest) -> Result<Option<FileForm>> {
        let inner = &self.inner;
        let Some(upload) = inner.journal.upload(request.id).await? else {
            return Ok(None);
        };
        if upload.sample.is_empty() {
            return Ok(None);
        }
        let table = self.table_of(request).await?;
        let feed = Feed::Sample {
            bytes: Some(upload.sample.into()),
            is_complete: upload.sample_is_complete,
        };
        let known = table.as_ref().filter(|_| !upload.created);
        // What was readable then may not be with the options that the server has now.
        let Ok(mut head) = Head::read(inner, &inner.config, &request.file, known, feed).await
        else {
            return Ok(None);
        };
        let matching = request.matching();
        if let Some(table) = &table {
            head.meet(table, &request.file, matching, upload.created)?;
        }
        let plan = table.as_ref().map(|table| {
            if upload.created {
                head.plan_new(table, matching)
            } else {
                head.plan(table, matching)
            }
        });
        let plan = plan.and_then(Result::ok);
        Ok(Some(FileForm {
            names: head.field_names(plan.as_ref()),
            nested: plan.as_ref().map(Plan::nested_fields).unwrap_or_default(),
            integers: plan.as_ref().map(Plan::integer_fields).unwrap_or_default(),
            cut: head.profile.cut,
        }))
    }

    /// The table that an upload went into, unless it is gone or behind another connection.
    async fn table_of(&self, request: &UploadRequest) -> Result<Option<Table>> {
        let inner = &self.inner;
        let row = inner.journal.find(request.id).await?;
        let Some(row) = row.filter(|row| row.connection == inner.connection.name()) else {
            return Ok(None);
        };
        match inner.catalog().table(&row.target()).await {
            Ok(table) => Ok(Some(table)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
