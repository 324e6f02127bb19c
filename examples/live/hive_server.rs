//! As much of a `HiveServer2` as a client needs for one query: a table of planets.
//!
//! Built by the live test `sasl` in a crate of its own, because the IDL is fetched. Who logs in as `alice`
//! with the password `wonderland` is let in. It prints where it listens, and what it is asked.

mod idl {
    include!("hive.rs");
}

use std::sync::atomic::{AtomicBool, Ordering};

use idl::tcli_service::*;
use seapink::codegen::{Call, Outcome, Service};
use seapink::config::ServerSasl;
use seapink::{CallContext, Protocol, Server, ServerConfig};

#[derive(Default)]
struct Hive {
    /// The rows of the last query were given out. `impyla` asks until there are none.
    fetched: AtomicBool,
}

/// The functions that are asked for; the others are unknown.
impl Service for Hive {
    type Handler = Self;

    const NAME: &'static str = "TCLIService";

    fn handler(&self) -> &Self {
        self
    }

    fn dispatch<P: Protocol>(hive: &Self, call: Call<'_, P>) -> Outcome {
        const REQ: &[(i16, &str)] = &[(1, "req")];
        match call.method() {
            "OpenSession" => call.reply(hive, Self::open_session, REQ),
            "ExecuteStatement" => call.reply(hive, Self::execute, REQ),
            "GetOperationStatus" => call.reply(hive, Self::status, REQ),
            "GetResultSetMetadata" => call.reply(hive, Self::columns, REQ),
            "FetchResults" => call.reply(hive, Self::rows, REQ),
            "CloseOperation" => call.reply(hive, Self::close_operation, REQ),
            "CloseSession" => call.reply(hive, Self::close_session, REQ),
            _ => call.unknown_method(),
        }
    }
}

fn handle() -> THandleIdentifier {
    THandleIdentifier {
        guid: vec![7; 16],
        secret: vec![8; 16],
    }
}

fn column(name: &str, r#type: TTypeId, position: i32) -> TColumnDesc {
    let entry = TPrimitiveTypeEntry {
        r#type,
        ..Default::default()
    };
    TColumnDesc {
        column_name: name.to_owned(),
        type_desc: TTypeDesc {
            types: vec![TTypeEntry::PrimitiveEntry(entry)],
        },
        position,
        comment: None,
    }
}

impl Hive {
    fn open_session(
        &self,
        cx: &CallContext,
        req: TOpenSessionReq,
    ) -> Result<TOpenSessionResp, TCLIServiceOpenSessionError> {
        let user = cx.user().map_or("nobody", |user| user.name());
        println!("{user} opens a session");
        Ok(TOpenSessionResp {
            server_protocol_version: req.client_protocol,
            session_handle: Some(TSessionHandle { session_id: handle() }),
            ..Default::default()
        })
    }

    fn execute(
        &self,
        _: &CallContext,
        req: TExecuteStatementReq,
    ) -> Result<TExecuteStatementResp, TCLIServiceExecuteStatementError> {
        println!("{}", req.statement);
        self.fetched.store(false, Ordering::Relaxed);
        Ok(TExecuteStatementResp {
            operation_handle: Some(TOperationHandle {
                operation_id: handle(),
                operation_type: TOperationType::EXECUTE_STATEMENT,
                has_result_set: true,
                modified_row_count: None,
            }),
            ..Default::default()
        })
    }

    fn status(
        &self,
        _: &CallContext,
        _: TGetOperationStatusReq,
    ) -> Result<TGetOperationStatusResp, TCLIServiceGetOperationStatusError> {
        Ok(TGetOperationStatusResp {
            operation_state: Some(TOperationState::FINISHED_STATE),
            has_result_set: Some(true),
            ..Default::default()
        })
    }

    fn columns(
        &self,
        _: &CallContext,
        _: TGetResultSetMetadataReq,
    ) -> Result<TGetResultSetMetadataResp, TCLIServiceGetResultSetMetadataError> {
        let columns = vec![
            column("id", TTypeId::INT_TYPE, 1),
            column("name", TTypeId::STRING_TYPE, 2),
        ];
        Ok(TGetResultSetMetadataResp {
            schema: Some(TTableSchema { columns }),
            ..Default::default()
        })
    }

    fn rows(
        &self,
        _: &CallContext,
        _: TFetchResultsReq,
    ) -> Result<TFetchResultsResp, TCLIServiceFetchResultsError> {
        let (ids, names): (Vec<_>, Vec<_>) = match self.fetched.swap(true, Ordering::Relaxed) {
            true => Default::default(),
            false => [(1, "Mercury"), (2, "Vénus"), (3, "Earth")].into_iter().unzip(),
        };
        let ids = TI32Column {
            values: ids,
            nulls: vec![0],
        };
        let names = TStringColumn {
            values: names.iter().map(|name| name.as_bytes().to_vec()).collect(),
            nulls: vec![0],
        };
        Ok(TFetchResultsResp {
            has_more_rows: Some(false),
            results: Some(TRowSet {
                columns: Some(vec![TColumn::I32Val(ids), TColumn::StringVal(names)]),
                ..Default::default()
            }),
            ..Default::default()
        })
    }

    fn close_operation(
        &self,
        _: &CallContext,
        _: TCloseOperationReq,
    ) -> Result<TCloseOperationResp, TCLIServiceCloseOperationError> {
        Ok(TCloseOperationResp::default())
    }

    fn close_session(
        &self,
        _: &CallContext,
        _: TCloseSessionReq,
    ) -> Result<TCloseSessionResp, TCLIServiceCloseSessionError> {
        println!("the session is closed");
        Ok(TCloseSessionResp::default())
    }
}

fn main() -> seapink::Result<()> {
    let sasl = ServerSasl::new().plain(|login| match (login.user(), login.password()) {
        ("alice", "wonderland") => login.accept(),
        _ => login.deny("unknown user, or wrong password"),
    });
    let config = ServerConfig::new("tcp://127.0.0.1:0").transport("sasl").sasl(sasl);
    let server = Server::bind(&config, Hive::default())?;
    println!("listening on {}", server.local_addr());
    server.run()
}
