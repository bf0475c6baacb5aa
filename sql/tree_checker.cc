#include "sql/tree_checker.h"

#include <algorithm>
#include <utility>

#include "sql/operand.h"
#include "sql/standby_functions.h"

namespace pgbraid::sql {
namespace {

using tree::As;
using tree::Message;
using tree::Node;

bool IsSystemColumn(std::string_view name) {
  return name == "ctid" || name == "xmin" || name == "xmax" || name == "cmin" ||
         name == "cmax" || name == "tableoid";
}

// The types whose values are names of objects, looked up in the catalogs.
bool IsCatalogName(std::string_view type) {
  if (type.starts_with('_')) type.remove_prefix(1);
  return type == "regclass" || type == "regproc" || type == "regprocedure" ||
         type == "regoper" || type == "regoperator" || type == "regtype" ||
         type == "regrole" || type == "regnamespace" || type == "regcollation";
}

// $1, $1::text: its number; else 0.
int ParameterOf(const Node* node) {
  if (const auto* cast = As<PgQuery__TypeCast>(node)) {
    const tree::Name type =
        tree::NameOf(PGBRAID_NODES(*cast->type_name, names));
    if (type.name != "text" || cast->type_name->n_array_bounds > 0) return 0;
    node = cast->arg;
  }
  const auto* parameter = As<PgQuery__ParamRef>(node);
  return parameter == nullptr ? 0 : parameter->number;
}

std::string Text(std::string_view before, std::string_view name,
                 std::string_view after = {}) {
  std::string text(before);
  text.append(name).append(after);
  return text;
}

}  // namespace

void TreeChecker::Check(const Message* root) {
  if (source_.catalog() == nullptr) {
    findings_.advances_sequence = true;
    findings_.differs_in_recovery = true;
    findings_.MayWrite("the catalogs are not known");
    findings_.HideRelations("the catalogs are not known");
  } else {
    FindTouchedTypes(root);
  }
  tree::Walk(root, [this](const Message& message) {
    CheckMessage(message);
    return true;
  });
}

// Which columns of the user's types the tree may read. Names are enough: a
// column that is not named, and not part of a '*' or a whole row, is not read.
void TreeChecker::FindTouchedTypes(const Message* root) {
  bool everything = false;
  absl::flat_hash_set<std::string> named;
  absl::flat_hash_set<std::string> rows;
  tree::Walk(root, [&](const Message& message) {
    if (const auto* reference = As<PgQuery__ColumnRef>(&message)) {
      for (const Node* field : PGBRAID_NODES(*reference, fields)) {
        if (As<PgQuery__AStar>(field) != nullptr) everything = true;
        named.emplace(tree::StringOf(field));
      }
    } else if (const auto* join = As<PgQuery__JoinExpr>(&message)) {
      everything |= join->is_natural != 0;
      for (const Node* name : PGBRAID_NODES(*join, using_clause)) {
        named.emplace(tree::StringOf(name));
      }
      if (join->alias != nullptr) rows.emplace(join->alias->aliasname);
    } else if (const auto* range = As<PgQuery__RangeVar>(&message)) {
      everything |= &message == root;  // COPY t
      const auto* alias = range->alias;
      rows.emplace(alias != nullptr ? alias->aliasname : range->relname);
      // Renamed columns are named otherwise.
      everything |= alias != nullptr && alias->n_colnames > 0;
    } else if (const auto* query = As<PgQuery__RangeSubselect>(&message)) {
      if (query->alias != nullptr) rows.emplace(query->alias->aliasname);
    } else if (As<PgQuery__InsertStmt>(&message) != nullptr ||
               As<PgQuery__UpdateStmt>(&message) != nullptr) {
      everything = true;
    }
    return true;
  });
  everything |= std::any_of(rows.begin(), rows.end(), [&](const auto& row) {
    return named.contains(row);
  });
  for (const Relation* relation : relations_) {
    for (const Column& column : relation->columns) {
      if (everything || named.contains(column.name)) TouchColumn(column);
    }
  }
}

// Enumerations, and domains and arrays over such types, are printed and
// compared by PostgreSQL's own functions.
void TreeChecker::TouchColumn(const Column& column) {
  Oid oid = column.type;
  while (oid >= kFirstUserOid) {
    touched_.insert(oid);
    const Type* type = source_.catalog()->FindType(oid);
    if (type == nullptr) break;
    if (type->kind == 'e') return;
    const Oid below = type->kind == 'd' ? type->domain_base : type->element;
    if (below == 0) break;
    oid = below;
  }
  if (oid < kFirstUserOid) {
    const Type* type = source_.catalog()->FindType(oid);
    findings_.depends_on_path |= type == nullptr || IsCatalogName(type->name);
    return;
  }
  findings_.NeedPrimary(
      Text("reads a column of the user-defined type ", column.type_name));
}

void TreeChecker::CheckMessage(const Message& message) {
  if (const auto* call = As<PgQuery__FuncCall>(&message)) {
    CheckCall(*call);
  } else if (const auto* expr = As<PgQuery__AExpr>(&message)) {
    CheckExpression(*expr);
  } else if (const auto* link = As<PgQuery__SubLink>(&message)) {
    if (link->testexpr == nullptr) return;
    const tree::Name name = tree::NameOf(PGBRAID_NODES(*link, oper_name));
    if (link->n_oper_name == 0) {
      CheckOperator({}, "=");
    } else {
      CheckOperator(name.schema, name.name);
    }
  } else if (const auto* order = As<PgQuery__SortBy>(&message)) {
    if (order->n_use_op == 0) return;
    const tree::Name name = tree::NameOf(PGBRAID_NODES(*order, use_op));
    CheckOperator(name.schema, name.name);
  } else if (const auto* cases = As<PgQuery__CaseExpr>(&message)) {
    if (cases->arg != nullptr) CheckOperator({}, "=");
  } else if (const auto* join = As<PgQuery__JoinExpr>(&message)) {
    if (join->is_natural || join->n_using_clause > 0) CheckOperator({}, "=");
  } else if (const auto* type = As<PgQuery__TypeName>(&message)) {
    CheckTypeName(*type);
  } else if (const auto* reference = As<PgQuery__ColumnRef>(&message)) {
    CheckColumnRef(*reference);
  } else if (const auto* path = As<PgQuery__AIndirection>(&message)) {
    for (const Node* step : PGBRAID_NODES(*path, indirection)) {
      CheckFieldName(tree::StringOf(step));
    }
  } else {
    CheckClause(message);
  }
}

void TreeChecker::CheckClause(const Message& message) {
  if (As<PgQuery__LockingClause>(&message) != nullptr) {
    findings_.MayWrite("locks rows");
  } else if (As<PgQuery__IntoClause>(&message) != nullptr) {
    findings_.MayWrite("creates a table");
  } else if (As<PgQuery__InsertStmt>(&message) != nullptr ||
             As<PgQuery__UpdateStmt>(&message) != nullptr ||
             As<PgQuery__DeleteStmt>(&message) != nullptr ||
             As<PgQuery__MergeStmt>(&message) != nullptr) {
    findings_.MayWrite("changes data");
  } else if (As<PgQuery__CurrentOfExpr>(&message) != nullptr) {
    findings_.NeedPrimary("uses a cursor");
  } else if (const auto* sample = As<PgQuery__RangeTableSample>(&message)) {
    const tree::Name method = tree::NameOf(PGBRAID_NODES(*sample, method));
    if (method.name != "bernoulli" && method.name != "system") {
      findings_.MayWrite(Text("samples by ", method.name));
    }
  }
}

bool TreeChecker::IsListed(const absl::flat_hash_set<std::string>& list,
                           const Function& function) const {
  return list.contains(function.name) ||
         list.contains(function.schema + "." + function.name);
}

void TreeChecker::CheckCall(const PgQuery__FuncCall& call) {
  if (source_.catalog() == nullptr) return;
  const tree::Name name = tree::NameOf(PGBRAID_NODES(call, funcname));
  if (!name.usable) {
    findings_.MayWrite("calls a function of another database");
    findings_.HideRelations("calls a function of another database");
    findings_.taints = true;
    return;
  }
  const std::vector<const Function*> overloads =
      source_.catalog()->FindFunctions(name.schema, name.name, source_.path);
  if (const FunctionLists* lists = source_.input->functions) {
    for (const Function* function : overloads) {
      if (IsListed(lists->primary_only, *function)) {
        findings_.MayWrite(
            Text("calls ", name.name, ", which is kept on the primary"));
      }
    }
  }
  const size_t arguments = call.n_args;
  const Function* users = UserOverload(overloads, arguments);
  if (users == nullptr && call.n_agg_order > 0) {
    users = UserOverload(overloads, arguments + call.n_agg_order);
  }
  if (users != nullptr) CheckUserCall(*users);
  if (!overloads.empty()) {
    CheckBuiltInCall(call, name.name, overloads);
    return;
  }
  const Type* type =
      source_.catalog()->ResolveType(name.schema, name.name, source_.path);
  if (type != nullptr && call.n_args == 1) {
    CheckType(*type, name.name);
    return;
  }
  findings_.NotFound(Text("calls the unknown function ", name.name));
  findings_.code.missing.emplace_back(name.name);
  findings_.taints = true;
}

void TreeChecker::CheckUserCall(const Function& function) {
  const FunctionLists* lists = source_.input->functions;
  findings_.HideRelations(Text("calls the function ", function.name));
  findings_.depends_on_path = true;
  if (lists != nullptr && IsListed(lists->standby_safe, function)) return;
  findings_.taints = true;
  findings_.MayWrite(Text("calls the user-defined function ", function.name));
}

void TreeChecker::CheckBuiltInCall(
    const PgQuery__FuncCall& call, std::string_view name,
    const std::vector<const Function*>& overloads) {
  const FunctionLists* lists = source_.input->functions;
  bool built_in = false;
  for (const Function* function : overloads) {
    if (!function->built_in()) continue;
    built_in = true;
    if (RunsOnStandby(*function)) continue;
    if (lists != nullptr && IsListed(lists->standby_safe, *function)) continue;
    if (name == "current_setting" && IsSessionSetting(call)) continue;
    if (name == "set_config") {
      CheckSetConfig(call);
    } else if (OnlyReads(*function)) {
      findings_.NeedPrimary(
          Text("calls ", name, ", which only the primary answers"));
    } else {
      findings_.MayWrite(Text("calls the volatile function ", name));
      findings_.differs_in_recovery |= name != "nextval" && name != "setval";
    }
    break;
  }
  if (!built_in) return;
  if (RunsText(name) || name.ends_with("_to_xml")) {
    // Functions of the user's, perhaps.
    findings_.taints = true;
    findings_.by_text = true;
  }
  if (NamesSequence(name)) CheckSequenceName(call);
  findings_.advances_sequence |= name == "nextval" || name == "setval";
  findings_.reads_sequence |= name == "currval" || name == "lastval";
  if (ReachesRelations(name)) {
    findings_.HideRelations(Text("calls the function ", name));
  }
  if (findings_.pin == Pin::kNone) findings_.pin = PinOf(name);
  findings_.unpins |= Unpins(name);
  findings_.exports_snapshot |= name == "pg_export_snapshot";
  findings_.depends_on_path |= name == "pg_typeof" ||
                               name == "current_schema" ||
                               name == "current_schemas";
  findings_.reads_setting |= name == "current_setting";
  findings_.notify_calls += name == "pg_notify" ? 1 : 0;
  if (name == "pg_listening_channels") {
    findings_.reads_channels = true;
    findings_.NeedPrimary("tells which channels are listened to");
  }
}

void TreeChecker::CheckSequenceName(const PgQuery__FuncCall& call) {
  const std::optional<std::string> text =
      call.n_args > 0 ? ConstantString(call.args[0]) : std::nullopt;
  const Relation* sequence = nullptr;
  if (text) {
    if (source_.from_client) findings_.by_text = true;
    std::vector<std::string> parts = ParseQualifiedName(*text);
    if (parts.size() == 1) parts.insert(parts.begin(), std::string());
    if (parts.size() == 2) {
      sequence =
          source_.catalog()->ResolveRelation(parts[0], parts[1], source_.path);
    }
  }
  if (sequence == nullptr) {
    findings_.HideRelations("uses a sequence that is not known");
    return;
  }
  RelationRef reference;
  reference.oid = sequence->oid;
  reference.schema = sequence->schema;
  reference.name = sequence->name;
  reference.access = Access::kWhole;
  reference.through_view = !source_.from_client;
  findings_.relations.push_back(std::move(reference));
}

// Whatever a custom setting becomes for a transaction matters to nobody else.
void TreeChecker::CheckSetConfig(const PgQuery__FuncCall& call) {
  ++findings_.set_config_calls;
  findings_.NeedPrimary("changes a setting");
  if (source_.from_client) findings_.by_text = true;
  const std::optional<std::string> text =
      call.n_args == 3 ? ConstantString(call.args[0]) : std::nullopt;
  const int parameter =
      call.n_args == 3 && source_.from_client ? ParameterOf(call.args[0]) : 0;
  if (parameter > 0) {
    findings_.setting_parameters.push_back(static_cast<uint16_t>(parameter));
  } else if (!text) {
    findings_.custom_settings.unknown = true;
  } else if (IsCustomSetting(*text)) {
    std::string name = *text;
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    findings_.custom_settings.Add(std::move(name));
    if (ConstantBool(call.args[2]).value_or(false)) {
      ++findings_.harmless_set_config_calls;
    }
  }
}

// Settings with a dot in their name are the session's own.
bool TreeChecker::IsSessionSetting(const PgQuery__FuncCall& call) {
  const std::optional<std::string> text =
      call.n_args > 0 ? ConstantString(call.args[0]) : std::nullopt;
  if (!text) return false;
  if (source_.from_client) findings_.by_text = true;
  return text->find('.') != std::string::npos;
}

void TreeChecker::CheckExpression(const PgQuery__AExpr& expr) {
  switch (expr.kind) {
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM:
      for (const char* name : {"<", "<=", ">", ">="}) CheckOperator({}, name);
      return;
    default:
      const tree::Name name = tree::NameOf(PGBRAID_NODES(expr, name));
      CheckOperator(name.schema, name.name);
  }
}

void TreeChecker::CheckOperator(std::string_view schema,
                                std::string_view name) {
  if (source_.catalog() == nullptr) return;
  if (OperatorIsBuiltIn(schema, name, source_, touched_)) {
    if (CastsAreBuiltIn(0, source_, touched_)) return;
    findings_.MayWrite("may use an implicit cast of the user's");
  } else {
    findings_.MayWrite(Text("uses the user-defined operator ", name));
  }
  findings_.HideRelations(Text("uses the user-defined operator ", name));
  findings_.taints = true;
}

void TreeChecker::CheckTypeName(const PgQuery__TypeName& name) {
  if (source_.catalog() == nullptr) return;
  const tree::Name parts = tree::NameOf(PGBRAID_NODES(name, names));
  const Type* type = ResolveTypeName(name, source_);
  if (type == nullptr) {
    findings_.NotFound(Text("uses the unknown type ", parts.name));
    findings_.taints = true;
    return;
  }
  CheckType(*type, parts.name);
}

// A conversion to `type`.
void TreeChecker::CheckType(const Type& type, std::string_view name) {
  if (!CastsAreBuiltIn(type.oid, source_, touched_)) {
    findings_.MayWrite(Text("may use a user-defined cast to ", name));
    findings_.HideRelations(Text("may use a user-defined cast to ", name));
    findings_.taints = true;
    return;
  }
  if (type.built_in()) {
    if (IsCatalogName(type.name)) {
      findings_.NeedPrimary(Text("looks up a ", type.name));
    }
    return;
  }
  // Enumerations' functions are PostgreSQL's own.
  const Type* base = &type;
  while (base->element != 0 && !base->built_in()) {
    const Type* element = source_.catalog()->FindType(base->element);
    if (element == nullptr) break;
    base = element;
  }
  if (base->kind == 'e') {
    touched_.insert(base->oid);
    return;
  }
  findings_.MayWrite(Text("uses the user-defined type ", name));
  findings_.HideRelations(Text("uses the user-defined type ", name));
  findings_.taints = true;
}

void TreeChecker::CheckColumnRef(const PgQuery__ColumnRef& reference) {
  const tree::Nodes fields = PGBRAID_NODES(reference, fields);
  if (fields.empty()) return;
  const std::string_view name = tree::StringOf(fields[fields.size() - 1]);
  if (IsSystemColumn(name)) findings_.reads_system_columns = true;
  if (fields.size() > 1) CheckFieldName(name);
}

// t.f and (row).f call f(t) if there is no such column.
void TreeChecker::CheckFieldName(std::string_view name) {
  if (name.empty() || source_.catalog() == nullptr) return;
  for (const Function* function :
       source_.catalog()->FindFunctions({}, name, source_.path)) {
    if (function->built_in() || function->argument_types.empty()) continue;
    if (UserOverload({function}, 1) == nullptr) continue;
    const Type* type =
        source_.catalog()->FindType(function->argument_types.front());
    if (type == nullptr) continue;
    bool takes_row = type->kind == 'p' || touched_.contains(type->oid);
    for (const Relation* relation : relations_) {
      takes_row |= type->kind == 'c' && type->name == relation->name &&
                   type->schema == relation->schema &&
                   relation->FindColumn(name) == nullptr;
    }
    if (takes_row) CheckUserCall(*function);
  }
}

}  // namespace pgbraid::sql
