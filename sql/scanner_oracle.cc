#include "sql/scanner_oracle.h"

#include <cstdint>

#include "pg_query.h"
#include "pg_query/pg_query.pb-c.h"

namespace pgbraid::sql {
namespace {

OracleToken::Kind KindOf(int token) {
  switch (token) {
    case PG_QUERY__TOKEN__ICONST:
      return OracleToken::Kind::kInteger;
    case PG_QUERY__TOKEN__FCONST:
      return OracleToken::Kind::kFloat;
    case PG_QUERY__TOKEN__SCONST:
    case PG_QUERY__TOKEN__USCONST:
      return OracleToken::Kind::kString;
    case PG_QUERY__TOKEN__BCONST:
    case PG_QUERY__TOKEN__XCONST:
      return OracleToken::Kind::kBits;
    case PG_QUERY__TOKEN__PARAM:
      return OracleToken::Kind::kParam;
    default:
      return OracleToken::Kind::kOther;
  }
}

void AddConstant(const PgQuery__AConst& constant,
                 std::vector<OracleConstant>* out) {
  switch (constant.val_case) {
    case PG_QUERY__A__CONST__VAL_IVAL:
      out->push_back(
          {constant.location, false, std::to_string(constant.ival->ival)});
      break;
    case PG_QUERY__A__CONST__VAL_FVAL:
      out->push_back({constant.location, false, constant.fval->fval});
      break;
    case PG_QUERY__A__CONST__VAL_SVAL:
      out->push_back({constant.location, true, constant.sval->sval});
      break;
    case PG_QUERY__A__CONST__VAL_BSVAL:
      out->push_back({constant.location, true, constant.bsval->bsval});
      break;
    default:
      break;
  }
}

// Visits a message and all below it by the descriptors.
void Walk(const ProtobufCMessage* message, std::vector<OracleConstant>* out) {
  const ProtobufCMessageDescriptor* type = message->descriptor;
  if (type == &pg_query__a__const__descriptor) {
    AddConstant(*reinterpret_cast<const PgQuery__AConst*>(message), out);
    return;
  }
  const char* base = reinterpret_cast<const char*>(message);
  for (unsigned i = 0; i < type->n_fields; ++i) {
    const ProtobufCFieldDescriptor& field = type->fields[i];
    if (field.type != PROTOBUF_C_TYPE_MESSAGE) continue;
    if (field.label == PROTOBUF_C_LABEL_REPEATED) {
      const size_t count =
          *reinterpret_cast<const size_t*>(base + field.quantifier_offset);
      const auto* const items =
          *reinterpret_cast<ProtobufCMessage* const* const*>(base +
                                                             field.offset);
      for (size_t k = 0; k < count; ++k) Walk(items[k], out);
      continue;
    }
    if ((field.flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
        *reinterpret_cast<const uint32_t*>(base + field.quantifier_offset) !=
            field.id) {
      continue;
    }
    const auto* const child =
        *reinterpret_cast<const ProtobufCMessage* const*>(base + field.offset);
    if (child != nullptr) Walk(child, out);
  }
}

}  // namespace

std::optional<std::vector<OracleToken>> OracleScan(const std::string& text) {
  PgQueryScanResult scanned = pg_query_scan(text.c_str());
  if (scanned.error != nullptr) {
    pg_query_free_scan_result(scanned);
    return std::nullopt;
  }
  PgQuery__ScanResult* tokens = pg_query__scan_result__unpack(
      nullptr, scanned.pbuf.len,
      reinterpret_cast<const uint8_t*>(scanned.pbuf.data));
  std::vector<OracleToken> result;
  for (size_t i = 0; i < tokens->n_tokens; ++i) {
    const PgQuery__ScanToken& token = *tokens->tokens[i];
    if (token.token == PG_QUERY__TOKEN__SQL_COMMENT ||
        token.token == PG_QUERY__TOKEN__C_COMMENT) {
      continue;
    }
    result.push_back({KindOf(token.token), static_cast<size_t>(token.start),
                      static_cast<size_t>(token.end)});
  }
  pg_query__scan_result__free_unpacked(tokens, nullptr);
  pg_query_free_scan_result(scanned);
  return result;
}

std::optional<std::vector<OracleConstant>> OracleConstants(
    const std::string& text) {
  PgQueryProtobufParseResult parsed = pg_query_parse_protobuf(text.c_str());
  if (parsed.error != nullptr) {
    pg_query_free_protobuf_parse_result(parsed);
    return std::nullopt;
  }
  PgQuery__ParseResult* tree = pg_query__parse_result__unpack(
      nullptr, parsed.parse_tree.len,
      reinterpret_cast<const uint8_t*>(parsed.parse_tree.data));
  std::vector<OracleConstant> result;
  if (tree != nullptr) Walk(&tree->base, &result);
  pg_query__parse_result__free_unpacked(tree, nullptr);
  pg_query_free_protobuf_parse_result(parsed);
  return result;
}

}  // namespace pgbraid::sql
