#include "sql/statement_analyzer.h"

#include <string>
#include <string_view>
#include <utility>

#include "sql/change_shape.h"
#include "sql/concatenable.h"
#include "sql/examine.h"
#include "sql/inner_text.h"
#include "sql/operand.h"
#include "sql/prepared_place.h"
#include "sql/utility_statements.h"

namespace pgbraid::sql {
namespace {

using tree::As;
using tree::Node;

// DECLARE's options (nodes/parsenodes.h, CURSOR_OPT_HOLD).
constexpr int kCursorHold = 0x0020;

void StoreFindings(Findings findings, Statement& statement) {
  statement.standby_safe = !findings.needs_primary;
  statement.primary_reason = std::move(findings.primary_reason);
  statement.writes = findings.may_write;
  statement.taints = findings.taints;
  statement.unresolved = findings.unresolved;
  statement.pin = findings.pin;
  statement.unpins = findings.unpins;
  statement.custom_settings = std::move(findings.custom_settings.names);
  statement.unknown_settings = findings.custom_settings.unknown;
  statement.setting_parameters = std::move(findings.setting_parameters);
  // Code that nobody looks into may do either.
  statement.advances_sequence = findings.advances_sequence || findings.taints;
  statement.reads_sequence = findings.reads_sequence;
  statement.differs_in_recovery =
      findings.differs_in_recovery || findings.taints;
  statement.exports_snapshot = findings.exports_snapshot;
  statement.depends_on_path = findings.depends_on_path || findings.taints;
  statement.reads_setting = findings.reads_setting || findings.taints;
  statement.reads_channels = findings.reads_channels;
  statement.only_notifies = findings.notify_calls > 0 &&
                            findings.notify_calls == findings.primary_needs;
  statement.reads_system_columns = findings.reads_system_columns;
  statement.relations = std::move(findings.relations);
  statement.relations_known = !findings.hidden_relations;
  statement.unknown_reason = std::move(findings.hidden_reason);
}

bool IsOn(const PgQuery__DefElem& option) {
  if (option.arg == nullptr) return true;
  const std::string_view text = tree::StringOf(option.arg);
  if (text == "off" || text == "false") return false;
  const tree::Message* value = tree::Inside(option.arg);
  return value == nullptr ||
         value->descriptor != &pg_query__integer__descriptor ||
         reinterpret_cast<const PgQuery__Integer*>(value)->ival != 0;
}

class Analyzer {
 public:
  Analyzer(const Source& source, bool& by_text)
      : source_(source), by_text_(by_text) {}

  Statement Analyze(const Node* node, uint32_t begin, uint32_t end) {
    Statement statement;
    statement.begin = begin;
    statement.end = end;
    Findings findings;
    Fill(node, statement, findings);
    by_text_ |= findings.by_text;
    FollowCode(node, statement, findings);
    StoreFindings(std::move(findings), statement);
    // PREPARE runs nothing.
    statement.shows_prepared = statement.kind != Kind::kPrepare &&
                               (ShowsPrepared(node) || ReachesView(statement));
    return statement;
  }

 private:
  void Fill(const Node* node, Statement& statement, Findings& findings) {
    if (const auto* select = As<PgQuery__SelectStmt>(node)) {
      Select(node, *select, statement, findings);
    } else if (const auto* insert = As<PgQuery__InsertStmt>(node)) {
      statement.kind = Kind::kInsert;
      statement.insert = ShapeOfInsert(*insert, source_);
      Change(node, findings);
    } else if (const auto* update = As<PgQuery__UpdateStmt>(node)) {
      statement.kind = Kind::kUpdate;
      statement.updated_columns = UpdatedColumns(*update);
      Change(node, findings);
    } else if (As<PgQuery__DeleteStmt>(node) != nullptr) {
      statement.kind = Kind::kDelete;
      Change(node, findings);
    } else if (const auto* merge = As<PgQuery__MergeStmt>(node)) {
      statement.kind = Kind::kMerge;
      statement.updated_columns = UpdatedColumns(*merge);
      Change(node, findings);
    } else if (const auto* copy = As<PgQuery__CopyStmt>(node)) {
      Copy(*copy, statement, findings);
    } else if (const auto* create = As<PgQuery__CreateTableAsStmt>(node)) {
      AnalyzeUtility(node, source_, statement, findings);
      const Node* query = create->query;
      if (const auto* execute = As<PgQuery__ExecuteStmt>(query)) {
        Execute(*execute, InnerAfter("as", TextOf(statement)), statement);
      } else {
        ExamineInner(query, findings);
      }
    } else if (As<PgQuery__CallStmt>(node) != nullptr) {
      statement.kind = Kind::kCall;
      findings.MayWrite("calls a procedure");
      findings.HideRelations("calls a procedure");
      findings.taints = true;
    } else {
      FillWithInner(node, statement, findings);
    }
  }

  void FillWithInner(const Node* node, Statement& statement,
                     Findings& findings) {
    if (const auto* explain = As<PgQuery__ExplainStmt>(node)) {
      Explain(*explain, statement, findings);
    } else if (const auto* prepare = As<PgQuery__PrepareStmt>(node)) {
      statement.kind = Kind::kPrepare;
      statement.name = prepare->name;
      Use(PreparedUse::Action::kPrepare, prepare->name, 0, statement);
      MakeInner(prepare->query, InnerAfter("as", TextOf(statement)), statement,
                findings);
      CheckParameterTypes(*prepare, statement);
      ForgetEffects(findings);
    } else if (const auto* declare = As<PgQuery__DeclareCursorStmt>(node)) {
      Declare(*declare, statement, findings);
    } else if (const auto* execute = As<PgQuery__ExecuteStmt>(node)) {
      statement.kind = Kind::kExecute;
      statement.name = execute->name;
      Execute(*execute, 0, statement);
      for (const Node* parameter : PGBRAID_NODES(*execute, params)) {
        ExamineExpression(parameter, source_, findings);
      }
      findings.MayWrite("runs a prepared statement");
      findings.advances_sequence = true;
      findings.HideRelations("runs a prepared statement");
    } else {
      AnalyzeUtility(node, source_, statement, findings);
      if (statement.kind == Kind::kDeallocate && !statement.name.empty()) {
        Use(PreparedUse::Action::kDeallocate, statement.name, 0, statement);
      }
    }
  }

  // DDL that computes something from what stands in its tables, by functions in
  // its own text too. Other DDL runs no code but that of event triggers.
  static bool Computes(const Node* node) {
    switch (node->node_case) {
      case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
      case PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT:
      case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
      case PG_QUERY__NODE__NODE_SELECT_STMT:
      case PG_QUERY__NODE__NODE_INDEX_STMT:
      case PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT:
        return true;
      default:
        return false;
    }
  }

  // What the code that the statement may run does.
  void FollowCode(const Node* node, Statement& statement, Findings& findings) {
    const bool ddl = statement.kind == Kind::kDdl;
    const bool may_fire = ddl || statement.kind == Kind::kMaintenance;
    // PREPARE runs none.
    if (statement.kind == Kind::kPrepare || !(findings.taints || may_fire)) {
      return;
    }
    const Catalog* catalog = source_.catalog();
    Code code;
    if (!ddl || Computes(node)) {
      code = ReadStatementCode(TextOf(statement), source_.input->modes);
    }
    code.Add(findings.code);
    code.settings.unknown |= findings.custom_settings.unknown;
    if (catalog != nullptr) {
      const CodeGraph::Reached reached = catalog->code().Reach(code);
      findings.taints |=
          reached.settings.unknown || !reached.settings.names.empty();
      if (!findings.taints) return;
      findings.custom_settings.Add(reached.settings);
      statement.unlistens = reached.unlistens;
      findings.reads_channels |= reached.reads_channels;
      statement.code_epoch = catalog->epoch();
    }
    statement.code = std::make_shared<const Code>(std::move(code));
  }

  // The statement names a prepared one; the keyword that does so stands
  // `offset` bytes behind the statement's begin.
  void Use(PreparedUse::Action action, std::string_view name, uint32_t offset,
           Statement& statement) {
    PreparedUse& use = statement.prepared_use;
    use.action = action;
    use.name = name;
    PlacePrepared(source_.text, source_.input->modes, statement.begin + offset,
                  &use);
  }

  void Execute(const PgQuery__ExecuteStmt& execute, uint32_t offset,
               Statement& statement) {
    Use(PreparedUse::Action::kExecute, execute.name, offset, statement);
    Findings of_arguments;
    for (const Node* parameter : PGBRAID_NODES(execute, params)) {
      ExamineExpression(parameter, source_, of_arguments);
      statement.prepared_use.arguments.push_back(
          MakeOperand(parameter, source_));
    }
    statement.prepared_use.arguments_safe =
        !of_arguments.needs_primary && of_arguments.relations.empty();
  }

  // Perhaps through another view.
  static bool ReachesView(const Statement& statement) {
    for (const RelationRef& relation : statement.relations) {
      if (relation.name == "pg_prepared_statements") return true;
    }
    return false;
  }

  // By name: a table of the user's that is called so only costs a little.
  static bool ShowsPrepared(const Node* node) {
    bool shows = false;
    tree::Walk(tree::Inside(node), [&](const tree::Message& message) {
      if (const auto* range = As<PgQuery__RangeVar>(&message)) {
        shows |= std::string_view(range->relname) == "pg_prepared_statements";
      } else if (const auto* name = As<PgQuery__String>(&message)) {
        // Also in a DO's code.
        shows |= std::string_view(name->sval).find("pg_prepared_statement") !=
                 std::string_view::npos;
      }
      return true;
    });
    return shows;
  }

  void Select(const Node* node, const PgQuery__SelectStmt& select,
              Statement& statement, Findings& findings) {
    if (LeftmostInto(select) != nullptr) {
      statement.kind = Kind::kDdl;
      SelectInto(*LeftmostInto(select), statement, findings);
      ExamineQuery(node, source_, Access::kRead, findings);
      return;
    }
    statement.kind = Kind::kSelect;
    ExamineQuery(node, source_, Access::kRead, findings);
    AnalyzeSetConfig(select, statement, findings);
    statement.not_concatenable_reason =
        WhyNotConcatenable(select, source_, findings);
    statement.concatenable = statement.not_concatenable_reason.empty();
  }

  static const PgQuery__IntoClause* LeftmostInto(
      const PgQuery__SelectStmt& select) {
    const PgQuery__SelectStmt* leftmost = &select;
    while (leftmost->larg != nullptr) leftmost = leftmost->larg;
    return leftmost->into_clause;
  }

  void SelectInto(const PgQuery__IntoClause& into, Statement& statement,
                  Findings& findings) {
    findings.MayWrite("creates a table");
    findings.HideRelations("creates a table");
    const std::string_view schema = into.rel->schemaname;
    const std::string_view persistence = into.rel->relpersistence;
    const bool temporary = persistence == "t" || schema == "pg_temp";
    if (temporary) findings.pin = Pin::kTemporaryObject;
    statement.changes_catalog = !temporary;
  }

  void Change(const Node* node, Findings& findings) {
    findings.MayWrite("changes data");
    ExamineQuery(node, source_, Access::kRead, findings);
    TaintBySetConfig(findings);
  }

  static void TaintBySetConfig(Findings& findings) {
    findings.taints |=
        findings.set_config_calls > findings.harmless_set_config_calls;
  }

  void Copy(const PgQuery__CopyStmt& copy, Statement& statement,
            Findings& findings) {
    statement.kind = Kind::kCopy;
    statement.copy_from = copy.is_from;
    const std::string_view file = copy.filename;
    statement.copy_client = file.empty() && !copy.is_program;
    if (!statement.copy_client) {
      findings.MayWrite("reads or writes a file on the server");
    }
    if (copy.query != nullptr) {
      ExamineInner(copy.query, findings);
      return;
    }
    statement.insert.columns = CopiedColumns(copy, source_);
    if (copy.is_from) findings.MayWrite("changes data");
    ExamineExpression(copy.where_clause, source_, findings);
    ExamineTable(*copy.relation, copy.is_from ? Access::kWhole : Access::kRead,
                 findings);
  }

  // EXPLAIN without ANALYZE runs nothing; it only needs what planning needs.
  void Explain(const PgQuery__ExplainStmt& explain, Statement& statement,
               Findings& findings) {
    statement.kind = Kind::kExplain;
    bool analyze = false;
    for (const Node* node : PGBRAID_NODES(explain, options)) {
      const auto* option = As<PgQuery__DefElem>(node);
      if (option == nullptr) continue;
      const std::string_view name = option->defname;
      if (name != "analyze") continue;
      findings.by_text |= option->arg != nullptr;
      analyze |= IsOn(*option);
    }
    MakeInner(explain.query, InnerOfExplain(TextOf(statement)), statement,
              findings);
    statement.prepared_use.runs = analyze;
    if (!analyze) ForgetEffects(findings);
  }

  // What is planned but not run has none.
  static void ForgetEffects(Findings& findings) {
    findings.may_write = false;
    findings.pin = Pin::kNone;
    findings.unpins = false;
    findings.advances_sequence = false;
    findings.reads_sequence = false;
    findings.differs_in_recovery = false;
    findings.custom_settings.unknown = false;
    findings.setting_parameters.clear();
  }

  void Declare(const PgQuery__DeclareCursorStmt& declare, Statement& statement,
               Findings& findings) {
    statement.kind = Kind::kDeclareCursor;
    statement.name = declare.portalname;
    if ((declare.options & kCursorHold) != 0) {
      findings.NeedPrimary("declares a cursor that outlives its transaction");
    }
    MakeInner(declare.query, InnerAfter("for", TextOf(statement)), statement,
              findings);
    if ((declare.options & kCursorHold) != 0) findings.pin = Pin::kHoldCursor;
  }

  // Analyses the statement inside, `offset` bytes behind this one's begin, and
  // takes over what it means for this one.
  void MakeInner(const Node* node, uint32_t offset, Statement& statement,
                 Findings& findings) {
    statement.inner = std::make_unique<Statement>(
        Analyze(node, statement.begin + offset, statement.end));
    const Statement& inner = *statement.inner;
    if (inner.prepared_use.action == PreparedUse::Action::kExecute) {
      statement.prepared_use = inner.prepared_use;
    }
    // Its settings change when it runs, which is now or with a later FETCH.
    findings.taints |= inner.taints || !inner.settings.empty();
    findings.may_write |= inner.writes;
    findings.reads_system_columns |= inner.reads_system_columns;
    findings.advances_sequence |= inner.advances_sequence;
    findings.reads_sequence |= inner.reads_sequence;
    findings.differs_in_recovery |= inner.differs_in_recovery;
    findings.custom_settings.Add(
        {inner.custom_settings, inner.unknown_settings});
    findings.setting_parameters = inner.setting_parameters;
    if (inner.code != nullptr) findings.code.Add(*inner.code);
    if (findings.pin == Pin::kNone) findings.pin = inner.pin;
    findings.unpins |= inner.unpins;
    findings.exports_snapshot |= inner.exports_snapshot;
    findings.depends_on_path |= inner.depends_on_path;
    findings.reads_setting |= inner.reads_setting;
    findings.reads_channels |= inner.reads_channels;
    if (!inner.standby_safe) findings.NeedPrimary(inner.primary_reason);
    if (!inner.relations_known) findings.HideRelations(inner.unknown_reason);
  }

  // PREPARE runs nothing. Its parameters' types could be the user's, and with
  // them the operators that the statement means.
  void CheckParameterTypes(const PgQuery__PrepareStmt& prepare,
                           Statement& statement) {
    Statement& inner = *statement.inner;
    for (const Node* node : PGBRAID_NODES(prepare, argtypes)) {
      const auto* name = As<PgQuery__TypeName>(node);
      if (name == nullptr || !inner.standby_safe) continue;
      Findings of_type;
      ExamineExpression(node, source_, of_type);
      if (!of_type.needs_primary) continue;
      inner.standby_safe = false;
      inner.primary_reason = of_type.primary_reason;
      inner.relations_known &= !of_type.hidden_relations;
      inner.unknown_reason = of_type.hidden_reason;
    }
  }

  void ExamineInner(const Node* query, Findings& findings) {
    ExamineQuery(query, source_, Access::kRead, findings);
    TaintBySetConfig(findings);
  }

  void ExamineTable(const PgQuery__RangeVar& range, Access access,
                    Findings& findings) {
    PgQuery__Node node = PG_QUERY__NODE__INIT;
    node.node_case = PG_QUERY__NODE__NODE_RANGE_VAR;
    node.range_var = const_cast<PgQuery__RangeVar*>(&range);
    ExamineRelation(&node, source_, access, findings);
  }

  std::string_view TextOf(const Statement& statement) const {
    return source_.text.substr(statement.begin,
                               statement.end - statement.begin);
  }

  const Source& source_;
  bool& by_text_;
};

}  // namespace

Statement AnalyzeStatement(const Node* node, uint32_t begin, uint32_t end,
                           const Source& source, bool& by_text) {
  return Analyzer(source, by_text).Analyze(node, begin, end);
}

}  // namespace pgbraid::sql
