#include "router/translation.h"

#include <map>
#include <set>
#include <utility>

#include "sql/prepared_place.h"

namespace pgbraid::router {
namespace {

using Action = sql::PreparedUse::Action;
using sql::PreparedUse;

Status Missing(std::string_view name) {
  return SqlError(
      sqlstate::kInvalidStatementName,
      "prepared statement \"" + std::string(name) + "\" does not exist");
}

class Translator {
 public:
  Translator(std::string_view text, const StatementContext& context,
             const FindStatement& find, const PreparedStatements::Key& key,
             PreparedStatements* statements)
      : text_(text),
        context_(context),
        find_(find),
        key_(key),
        statements_(statements),
        result_(std::make_shared<Translation>()) {}

  std::shared_ptr<const Translation> Run(const sql::Query& query) {
    for (const sql::Statement& statement : query.statements) {
      result_->executed.push_back(nullptr);
      Take(statement, query.statements.size() > 1);
      if (!result_->refusal.ok()) return result_;
    }
    result_->text += text_.substr(done_);
    return result_;
  }

 private:
  void Take(const sql::Statement& statement, bool one_of_many) {
    const PreparedUse& use = statement.prepared_use;
    if (statement.discard_all ||
        (statement.kind == sql::Kind::kDeallocate && statement.name.empty())) {
      // Within this text nothing that was defined before is left.
      all_gone_ = true;
      own_.clear();
      return;
    }
    if (use.action == Action::kNone) return;
    if (use.action == Action::kPrepare) {
      Prepare(statement, one_of_many);
      return;
    }
    ClientStatementRef known = Find(use.name);
    if (known == nullptr) {
      // It is nobody's, and must not be found as another's.
      if (std::string_view(use.name).starts_with(kServerNamePrefix)) {
        result_->refusal = Missing(use.name);
      }
      return;
    }
    Need(known);
    Exchange(use, known->prepared->server_name, use.name);
    if (use.action == Action::kDeallocate) {
      own_[use.name] = nullptr;
    } else {
      result_->executed.back() = known;
    }
  }

  ClientStatementRef Find(const std::string& name) const {
    auto own = own_.find(name);
    if (own != own_.end()) return own->second;
    return all_gone_ ? nullptr : find_(name);
  }

  void Need(const ClientStatementRef& statement) {
    if (!used_.insert(statement->prepared->id).second) return;
    result_->needed.push_back(statement);
  }

  void Prepare(const sql::Statement& statement, bool one_of_many) {
    const PreparedUse& use = statement.prepared_use;
    if (Find(use.name) != nullptr) {
      result_->refusal =
          SqlError(sqlstate::kDuplicatePreparedStatement,
                   "prepared statement \"" + use.name + "\" already exists");
      return;
    }
    const sql::TokenBytes name =
        sql::BytesOfToken(text_, context_.modes, use.name_token);
    const sql::TokenBytes as =
        sql::BytesOfToken(text_, context_.modes, use.inner_token - 1);
    const size_t inner =
        sql::BytesOfToken(text_, context_.modes, use.inner_token).begin;
    PreparedStatements::Key key = key_;
    key.types = wire::OidList();
    key.text = text_.substr(inner, End(statement) - inner);
    key.sql_types = Trimmed(text_.substr(name.end, as.begin - name.end));
    auto made = std::make_shared<ClientStatement>();
    made->name = use.name;
    made->prepared = statements_->Intern(key);
    if (used_.contains(made->prepared->id)) {
      made->prepared = statements_->Make(key);
    }
    used_.insert(made->prepared->id);
    const size_t begin = Begin(statement);
    made->sql_text =
        one_of_many ? text_.substr(begin, End(statement) - begin) : text_;
    made->inner_offset = Characters(text_.substr(0, inner));
    result_->made.push_back(made);
    own_[use.name] = made;
    Exchange(use, made->prepared->server_name, use.name);
  }

  // Where the statement stands in this text: what the analysis says may be of
  // another text of the same shape.
  size_t Begin(const sql::Statement& statement) const {
    uint32_t keyword = statement.prepared_use.name_token - 1;
    return sql::BytesOfToken(text_, context_.modes, keyword).begin;
  }
  size_t End(const sql::Statement& statement) const {
    return sql::EndOfStatement(text_, context_.modes,
                               statement.prepared_use.inner_token);
  }

  static std::string_view Trimmed(std::string_view text) {
    const size_t begin = text.find_first_not_of(" \t\r\n\f\v");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r\n\f\v") + 1 - begin);
  }

  size_t Characters(std::string_view text) const {
    return CountCharacters(text, context_.utf8_client);
  }

  void Exchange(const PreparedUse& use, const std::string& server_name,
                const std::string& client_name) {
    const sql::TokenBytes bytes =
        sql::BytesOfToken(text_, context_.modes, use.name_token);
    const std::string_view before = text_.substr(done_, bytes.begin - done_);
    result_->text += before;
    result_->text += server_name;
    done_ = bytes.end;
    result_->ends.emplace_back(done_, result_->text.size());
    NameEdits& edits = result_->edits;
    edits.edits.push_back(
        {Characters(text_.substr(0, bytes.begin)),
         Characters(text_.substr(bytes.begin, bytes.end - bytes.begin)),
         server_name.size()});
    edits.names.emplace_back(server_name, client_name);
  }

  const std::string_view text_;
  const StatementContext& context_;
  const FindStatement& find_;
  const PreparedStatements::Key& key_;
  PreparedStatements* const statements_;
  std::shared_ptr<Translation> result_;
  size_t done_ = 0;  // bytes of the text that are translated
  // What this text has defined (null: undefined) so far.
  std::map<std::string, ClientStatementRef> own_;
  bool all_gone_ = false;
  std::set<uint64_t> used_;
};

}  // namespace

size_t Translation::ServerByte(size_t client_byte) const {
  size_t byte = client_byte;
  for (const auto& [client_end, server_end] : ends) {
    if (client_end > client_byte) break;
    byte = server_end + (client_byte - client_end);
  }
  return byte;
}

std::shared_ptr<const Translation> UnderOwnNames(
    std::string_view text, const sql::Query& query,
    const Translation* translation) {
  auto own = std::make_shared<Translation>();
  own->own_names = true;
  own->text = text;
  if (translation != nullptr) {
    own->made = translation->made;
    own->executed = translation->executed;
    own->refusal = translation->refusal;
  }
  own->executed.resize(query.statements.size());
  return own;
}

bool NamesPrepared(const sql::Query& query) {
  for (const sql::Statement& statement : query.statements) {
    if (statement.prepared_use.action != Action::kNone) return true;
  }
  return false;
}

std::shared_ptr<const Translation> Translate(std::string_view text,
                                             const sql::Query& query,
                                             const StatementContext& context,
                                             const FindStatement& find,
                                             const PreparedStatements::Key& key,
                                             PreparedStatements* statements) {
  return Translator(text, context, find, key, statements).Run(query);
}

}  // namespace pgbraid::router
