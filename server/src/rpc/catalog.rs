//! `CatalogService`: databases, tables, columns and rows to look at.

use std::time::Instant;

use sluice_proto::v1::{self as pb, catalog_service_server::CatalogService};
use tonic::{Request, Response, Status};

use super::{
    access::Caller,
    convert,
    doors::{Doors, Entered},
    requests::{self, Limits},
    status,
};
use crate::{
    auth::Action,
    catalog::{Column, PreviewSource, Table, TableSummary},
    clickhouse::sql::CallerQuery,
    config::RpcConfig,
    connections::Connection,
    transfer::Error,
};

/// The tables of a page unless the caller says otherwise, and at the most.
const PAGE_SIZE: (i32, i32) = (1_000, 10_000);

/// The rows of a preview unless the caller says otherwise, and at the most.
const PREVIEW_ROWS: (i32, i32) = (100, 10_000);

/// Serves what is in ClickHouse.
#[derive(Debug)]
pub(super) struct CatalogRpc {
    doors: Doors,
    max_message_bytes: i64,
    requires_token: bool,
    limits: Limits,
    max_preview_bytes: usize,
}

impl CatalogRpc {
    pub(super) fn new(
        doors: Doors,
        config: &RpcConfig,
        limits: Limits,
        requires_token: bool,
    ) -> Self {
        Self {
            limits,
            max_preview_bytes: config.max_preview_bytes,
            requires_token,
            doors,
            max_message_bytes: i64::try_from(config.max_message_bytes).unwrap_or(i64::MAX),
        }
    }

    /// The caller and its connection, once ClickHouse is there.
    async fn enter<T: Sync>(
        &self,
        caller: Caller,
        request: &Request<T>,
    ) -> Result<(Caller, Connection), Status> {
        let Entered {
            caller, connection, ..
        } = self.doors.enter(caller, request).await?;
        connection.ready().await.map_err(refuse)?;
        Ok((caller, connection))
    }
}

/// What callers' own statements may do on a connection that they need not.
async fn warnings(connection: &Connection) -> Result<Vec<String>, Status> {
    if connection.lets_callers_do_all() {
        let warning = "statements of callers, queries and those that make tables, have all rights of this user: name \
                       another in callers-user of the connection";
        return Ok(vec![warning.to_owned()]);
    }
    if connection.is_embedded() || !connection.has_callers_user() {
        return Ok(Vec::new());
    }
    let sources = connection.queries_catalog().granted_sources().await;
    let sources = sources.map_err(refuse)?;
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![format!(
        "the callers-user of this connection reaches more than tables: REVOKE {} ON *.* from it",
        sources.join(", ")
    )])
}

fn refuse(error: impl Into<Error>) -> Status {
    status::status(&error.into())
}

#[tonic::async_trait]
impl CatalogService for CatalogRpc {
    async fn get_server_info(
        &self,
        _: Request<pb::GetServerInfoRequest>,
    ) -> Result<Response<pb::GetServerInfoResponse>, Status> {
        Ok(Response::new(pb::GetServerInfoResponse {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            requires_token: self.requires_token,
            allows_other_clickhouse: self.doors.connections().takes_own(),
            max_message_bytes: self.max_message_bytes,
        }))
    }

    async fn list_connections(
        &self,
        request: Request<pb::ListConnectionsRequest>,
    ) -> Result<Response<pb::ListConnectionsResponse>, Status> {
        let caller = Caller::of(&request)?;
        caller.check(Action::ReadCatalog)?;
        let connections = self.doors.connections().named();
        let connections = connections.filter(|each| caller.sees_connection(each.name()));
        Ok(Response::new(pb::ListConnectionsResponse {
            connections: connections.map(convert::connection).collect(),
        }))
    }

    async fn check_connection(
        &self,
        request: Request<pb::CheckConnectionRequest>,
    ) -> Result<Response<pb::CheckConnectionResponse>, Status> {
        let Entered {
            caller,
            connection: door,
            transfers,
        } = self.doors.enter(Caller::of(&request)?, &request).await?;
        door.ready().await.map_err(refuse)?;
        let question = convert::grant_question(request.into_inner())?;
        if question.table.table.is_empty() {
            caller.check(Action::ReadCatalog)?;
        } else {
            caller.check_table(Action::ReadCatalog, &question.table)?;
        }
        let asked = Instant::now();
        let connection = door.catalog().check().await.map_err(refuse)?;
        let round_trip = asked.elapsed();
        let grants = transfers.missing_grants(&question).await.map_err(refuse)?;
        let mut warnings = warnings(&door).await?;
        if let Some(several) = door.client().several_servers().await.map_err(refuse)? {
            warnings.push(format!(
                "{several}: what is not replicated there is loaded into one of them, and nothing is resumed"
            ));
        } else if let Some(absence) = transfers.journal_obstacle().await.map_err(refuse)? {
            warnings.push(absence);
        }
        Ok(Response::new(pb::CheckConnectionResponse {
            server_version: connection.version,
            user: connection.user,
            database: connection.database,
            timezone: connection.timezone,
            round_trip: prost_types::Duration::try_from(round_trip).ok(),
            embedded: door.is_embedded(),
            warnings,
            missing_grants: grants
                .missing
                .into_iter()
                .map(convert::missing_grant)
                .collect(),
            grant_statements: grants.statements,
            upload_needs: convert::grant_purposes(&grants.upload),
        }))
    }

    async fn list_databases(
        &self,
        request: Request<pb::ListDatabasesRequest>,
    ) -> Result<Response<pb::ListDatabasesResponse>, Status> {
        let (caller, connection) = self.enter(Caller::of(&request)?, &request).await?;
        caller.check(Action::ReadCatalog)?;
        let databases = connection
            .catalog()
            .list_databases()
            .await
            .map_err(refuse)?;
        let seen = databases.into_iter();
        let seen = seen.filter(|database| caller.sees_database(&database.name));
        let databases = seen.map(|database| pb::Database {
            name: database.name,
            engine: database.engine,
            comment: database.comment,
        });
        Ok(Response::new(pb::ListDatabasesResponse {
            databases: databases.collect(),
        }))
    }

    async fn list_tables(
        &self,
        request: Request<pb::ListTablesRequest>,
    ) -> Result<Response<pb::ListTablesResponse>, Status> {
        let (caller, connection) = self.enter(Caller::of(&request)?, &request).await?;
        let request = request.into_inner();
        caller.check_database(&request.database)?;
        let limit = convert::size("page_size", request.page_size, PAGE_SIZE)?;
        let seen = |table: &TableSummary| caller.sees_table(&table.name);
        let catalog = connection.catalog();
        let page = catalog.list_tables(&request.database, limit, &request.page_token, seen);
        let page = page.await.map_err(refuse)?;
        let last = page.tables.last().filter(|_| page.has_more);
        Ok(Response::new(pb::ListTablesResponse {
            next_page_token: last
                .map(|table| table.name.table.clone())
                .unwrap_or_default(),
            tables: page.tables.into_iter().map(table_summary).collect(),
        }))
    }

    async fn get_table(
        &self,
        request: Request<pb::GetTableRequest>,
    ) -> Result<Response<pb::GetTableResponse>, Status> {
        let (caller, connection) = self.enter(Caller::of(&request)?, &request).await?;
        let name = convert::table_name("table", request.into_inner().table)?;
        caller.check_table(Action::ReadCatalog, &name)?;
        let table = connection.catalog().table(&name).await.map_err(refuse)?;
        let Table {
            summary,
            uuid: _,
            columns,
            sorting_key,
            primary_key,
            partition_key,
            create_statement,
        } = table;
        Ok(Response::new(pb::GetTableResponse {
            summary: Some(table_summary(summary)),
            columns: columns.iter().map(column).collect(),
            sorting_key,
            primary_key,
            partition_key,
            create_statement,
        }))
    }

    async fn preview_rows(
        &self,
        request: Request<pb::PreviewRowsRequest>,
    ) -> Result<Response<pb::PreviewRowsResponse>, Status> {
        use pb::preview_rows_request::Source;
        let (caller, connection) = self.enter(Caller::of(&request)?, &request).await?;
        let request = request.into_inner();
        let limit = convert::size("limit", request.limit, PREVIEW_ROWS)?;
        let max_bytes = self.max_preview_bytes;
        let memory;
        let preview = match request.source {
            Some(Source::Table(table)) => {
                let table = convert::table_name("table", Some(table))?;
                caller.check_table(Action::Export, &table)?;
                memory = self.limits.answer(max_bytes).await?;
                let source = PreviewSource::Table(&table);
                connection.catalog().preview(source, limit, max_bytes).await
            }
            Some(Source::Query(query)) => {
                caller.check_query()?;
                let query = CallerQuery::new(&query).map_err(refuse)?;
                let catalog = connection.queries_catalog();
                let query = catalog.read_query(&query).await.map_err(refuse)?;
                memory = self.limits.answer(max_bytes).await?;
                let source = PreviewSource::Query(&query);
                catalog.preview(source, limit, max_bytes).await
            }
            None => return Err(status::invalid_request("source", "name a table or a query")),
        };
        let preview = preview.map_err(refuse)?;
        let answer = Response::new(pb::PreviewRowsResponse {
            columns: preview.columns.iter().map(column).collect(),
            rows: preview.rows.into_iter().map(row).collect(),
            truncated: preview.is_truncated,
        });
        Ok(requests::with_memory(answer, memory))
    }
}

/// A column as the contract has it.
pub(super) fn column(column: &Column) -> pb::Column {
    pb::Column {
        name: column.name.clone(),
        r#type: column.type_text.clone(),
        default_kind: column.default_kind.clone(),
        default_expression: column.default_expression.clone(),
        comment: column.comment.clone(),
    }
}

fn table_summary(table: TableSummary) -> pb::TableSummary {
    pb::TableSummary {
        table: Some(convert::table_ref(&table.name)),
        engine: table.engine,
        row_count: table.row_count.map(convert::signed),
        byte_count: table.byte_count.map(convert::signed),
        comment: table.comment,
    }
}

fn row(cells: Vec<Option<String>>) -> pb::Row {
    pb::Row {
        cells: cells.into_iter().map(|text| pb::Cell { text }).collect(),
    }
}
