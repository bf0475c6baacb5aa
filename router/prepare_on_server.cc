#include "router/prepare_on_server.h"

#include <utility>

#include "wire/endian.h"
#include "wire/error_response.h"
#include "wire/frontend.h"

namespace pgbraid::router {
namespace {

using What = Expected::What;

// A statement and a portal that no client's take the place of.
constexpr std::string_view kOwnName = "pgbraid_";

std::string TypesOf(const PreparedStatement& prepared) {
  const std::vector<wire::Oid>& types = prepared.parameter_types();
  std::string bytes(types.size() * 4, '\0');
  for (size_t i = 0; i < types.size(); ++i) {
    wire::StoreBigEndian32(types[i], bytes.data() + 4 * i);
  }
  return bytes;
}

// Such a statement freezes nothing, and has to be prepared in a failed
// transaction too, where settings can't be changed.
bool EndsTransaction(const PreparedStatement& prepared) {
  const std::shared_ptr<const RoutedQuery>& query = prepared.recognized.query;
  const sql::Statement* single = query == nullptr ? nullptr : query->single();
  return single != nullptr && (single->kind == sql::Kind::kCommit ||
                               single->kind == sql::Kind::kRollback ||
                               single->kind == sql::Kind::kRollbackTo);
}

}  // namespace

std::string ChangedColumns() {
  wire::ErrorFields fields;
  fields.severity = "ERROR";
  fields.severity_plain = "ERROR";
  fields.sqlstate = sqlstate::kFeatureNotSupported;
  fields.message = "cached plan must not change result type";
  fields.routine = "RevalidateCachedQuery";
  std::string error;
  wire::AppendErrorResponse(fields, &error);
  return error;
}

void ServerPreparation::ExpectHidden(What what) {
  Expected expected;
  expected.what = what;
  expected.hidden = true;
  exchange_->Expect(std::move(expected));
}

void ServerPreparation::RunHidden(std::string_view sql) {
  // An error may have left it behind.
  wire::AppendClose(wire::Target::kStatement, kOwnName, out_);
  ExpectHidden(What::kClose);
  wire::AppendParse(kOwnName, sql, {}, out_);
  ExpectHidden(What::kParse);
  const std::string no_values(6, '\0');
  wire::AppendBind(kOwnName, kOwnName, no_values, out_);
  ExpectHidden(What::kBind);
  wire::AppendExecute(kOwnName, 0, out_);
  ExpectHidden(What::kExecute);
  wire::AppendClose(wire::Target::kPortal, kOwnName, out_);
  ExpectHidden(What::kClose);
  wire::AppendClose(wire::Target::kStatement, kOwnName, out_);
  ExpectHidden(What::kClose);
}

void ServerPreparation::Parse(const ClientStatementRef& statement,
                              bool unnamed) {
  const PreparedStatement& prepared = *statement->prepared;
  const pool::Environment& frozen = *prepared.environment;
  const bool differs =
      frozen.frozen_hash() != now_->frozen_hash() && !EndsTransaction(prepared);
  if (differs) {
    for (const std::string& sql : frozen.FrozenTransition(*now_)) {
      RunHidden(sql);
    }
  }
  const std::string types = TypesOf(prepared);
  wire::AppendParse(unnamed ? std::string_view() : prepared.server_name,
                    prepared.text, wire::OidList(types), out_);
  Expected expected;
  expected.what = What::kParse;
  expected.hidden = true;
  expected.prepared = statement->prepared;
  expected.client = statement;
  expected.unnamed = unnamed;
  if (unnamed) {
    connection_->unnamed_statement = prepared.id;
    connection_->unnamed_shape = 0;
  } else {
    connection_->prepared.Add(prepared.id);
    expected.adds = prepared.id;
  }
  exchange_->Expect(std::move(expected));
  if (differs) {
    for (const std::string& sql : now_->FrozenTransition(frozen)) {
      RunHidden(sql);
    }
  }
}

void ServerPreparation::Prepare(const ClientStatementRef& statement) {
  Parse(statement, false);
}

void ServerPreparation::PrepareUnnamed(const ClientStatementRef& statement) {
  Parse(statement, true);
}

void ServerPreparation::Close(uint64_t id) {
  if (!connection_->prepared.Contains(id)) return;
  connection_->prepared.Remove(id);
  wire::AppendClose(wire::Target::kStatement, ServerName(id), out_);
  Expected expected;
  expected.what = What::kClose;
  expected.hidden = true;
  expected.drops = id;
  exchange_->Expect(std::move(expected));
}

void ServerPreparation::MakeRoom(size_t count, size_t limit) {
  const size_t left = limit > count ? limit - count : 0;
  while (auto evicted = connection_->prepared.Evict(left)) {
    connection_->prepared.Add(*evicted);
    Close(*evicted);
  }
}

void ServerPreparation::Ensure(const ClientStatementRef& statement,
                               size_t limit) {
  if (connection_->prepared.Use(statement->prepared->id)) return;
  MakeRoom(1, limit);
  Prepare(statement);
}

void ServerPreparation::Describe(const ClientStatementRef& statement,
                                 bool unnamed) {
  const PreparedRef& prepared = statement->prepared;
  wire::AppendDescribe(wire::Target::kStatement,
                       unnamed ? std::string_view() : prepared->server_name,
                       out_);
  Expected expected;
  expected.what = What::kDescribeStatement;
  expected.hidden = true;
  expected.prepared = prepared;
  expected.client = statement;
  expected.unnamed = unnamed;
  exchange_->Expect(std::move(expected));
}

void ServerPreparation::DescribeOwn(const ClientStatementRef& statement) {
  wire::AppendDescribe(wire::Target::kStatement, statement->name, out_);
  Expected expected;
  expected.what = What::kDescribeStatement;
  expected.hidden = true;
  expected.prepared = statement->prepared;
  exchange_->Expect(std::move(expected));
}

void ServerPreparation::TakeOwnNames(
    const std::vector<ClientStatementRef>& statements) {
  connection_->own_names = true;
  connection_->prepared.Clear();
  RunHidden("DEALLOCATE ALL");
  for (const ClientStatementRef& statement : statements) {
    if (!statement->sql_text.empty()) {
      RunHidden(statement->sql_text);
      continue;
    }
    const std::string types = TypesOf(*statement->prepared);
    wire::AppendParse(statement->name, statement->prepared->text,
                      wire::OidList(types), out_);
    ExpectHidden(What::kParse);
  }
}

}  // namespace pgbraid::router
