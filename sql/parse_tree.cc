#include "sql/parse_tree.h"

#include <pg_query.h>

#include <cstring>

#include "sql/nesting.h"

namespace pgbraid::sql {
namespace {

// The bytes of a statement as the grammar gives them start right behind the ';'
// before it: leave out white space.
uint32_t SkipSpace(std::string_view text, uint32_t begin, uint32_t end) {
  while (begin < end && std::strchr(" \t\n\r\f\v", text[begin]) != nullptr) {
    ++begin;
  }
  return begin;
}

}  // namespace

void ParseTree::Free::operator()(PgQuery__ParseResult* result) const {
  pg_query__parse_result__free_unpacked(result, nullptr);
}

ParseTree ParseTree::Parse(std::string_view text) {
  ParseTree made;
  if (text.size() > kMaxParsedText || !NestingIsBounded(text)) {
    made.outcome_ = Outcome::kTooLarge;
    return made;
  }
  const std::string terminated(text);
  PgQueryProtobufParseResult parsed =
      pg_query_parse_protobuf(terminated.c_str());
  if (parsed.error != nullptr) {
    made.outcome_ = Outcome::kSyntaxError;
    made.error_ = parsed.error->message;
  } else {
    made.result_.reset(pg_query__parse_result__unpack(
        nullptr, parsed.parse_tree.len,
        reinterpret_cast<const uint8_t*>(parsed.parse_tree.data)));
    if (made.result_ == nullptr) made.outcome_ = Outcome::kTooLarge;
  }
  pg_query_free_protobuf_parse_result(parsed);
  if (made.result_ == nullptr) return made;
  for (size_t i = 0; i < made.result_->n_stmts; ++i) {
    const PgQuery__RawStmt& raw = *made.result_->stmts[i];
    const auto begin = static_cast<uint32_t>(raw.stmt_location);
    const uint32_t end = raw.stmt_len == 0
                             ? static_cast<uint32_t>(text.size())
                             : begin + static_cast<uint32_t>(raw.stmt_len);
    made.statements_.push_back({raw.stmt, SkipSpace(text, begin, end), end});
  }
  return made;
}

namespace tree {

std::string_view StringOf(const Node* node) {
  const auto* text = As<PgQuery__String>(node);
  return text == nullptr ? std::string_view() : std::string_view(text->sval);
}

Name NameOf(Nodes parts) {
  Name name;
  if (parts.empty() || parts.size() > 2) return name;
  for (const Node* part : parts) {
    if (As<PgQuery__String>(part) == nullptr) return name;
  }
  name.name = StringOf(parts[parts.size() - 1]);
  if (parts.size() == 2) name.schema = StringOf(parts[0]);
  name.usable = true;
  return name;
}

void AppendChildren(const Message& message,
                    std::vector<const Message*>& children) {
  const char* base = reinterpret_cast<const char*>(&message);
  for (unsigned i = 0; i < message.descriptor->n_fields; ++i) {
    const ProtobufCFieldDescriptor& field = message.descriptor->fields[i];
    if (field.type != PROTOBUF_C_TYPE_MESSAGE) continue;
    if (field.label == PROTOBUF_C_LABEL_REPEATED) {
      size_t count;
      std::memcpy(&count, base + field.quantifier_offset, sizeof(count));
      Message* const* items;
      std::memcpy(&items, base + field.offset, sizeof(items));
      children.insert(children.end(), items, items + count);
      continue;
    }
    if ((field.flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
      uint32_t chosen;
      std::memcpy(&chosen, base + field.quantifier_offset, sizeof(chosen));
      if (chosen != field.id) continue;
    }
    const Message* child;
    std::memcpy(&child, base + field.offset, sizeof(child));
    if (child != nullptr) children.push_back(child);
  }
}

}  // namespace tree
}  // namespace pgbraid::sql
