// Which code of a database reaches which: functions by the names in their
// sources, relations by their triggers, rules, views, policies, defaults and
// foreign keys. Answers what a statement may do to settings and channels
// unseen.
//
// Names are followed without their schemas and arguments: it may say more than
// is ever done. Functions behind operators, casts, operator classes, domains
// and event triggers may be called from anywhere.
//
// Part of a catalog snapshot: immutable after Build; any thread.
#ifndef PGBRAID_SQL_CODE_GRAPH_H_
#define PGBRAID_SQL_CODE_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "sql/catalog_values.h"
#include "sql/code.h"

namespace pgbraid::sql {

// The source of a function of the user's.
struct FunctionCode {
  Oid function = 0;
  std::string language;  // lanname
  std::string source;    // prosrc
  // Written in SQL that is stored parsed (BEGIN ATOMIC), where it calls
  // set_config(); what else it uses are CodeUses.
  bool calls_set_config = false;
  // proconfig: "name=value"; the settings that are made while it runs.
  std::vector<std::string> settings;
};

// That something uses a function or relation, as pg_depend has it.
struct CodeUse {
  enum class By : char {
    kRead = 'r',      // reading relation `user`: its view, its policies
    kWrite = 'w',     // changing relation `user`: triggers, rules, checks ...
    kFunction = 'f',  // function `user`
    kAnything = '*',  // an operator, a cast, a domain, an event trigger ...
  };
  By by = By::kAnything;
  Oid user = 0;
  bool of_relation = false;  // `used` is one, that is read and changed
  Oid used = 0;
};

class CodeGraph {
 public:
  // What code does, with all that it reaches.
  struct Reached {
    CustomSettings settings;
    bool unlistens = false;
    bool reads_channels = false;
    bool fires = false;  // triggers or rules of the user's
  };

  CodeGraph() = default;
  CodeGraph(const std::vector<Function>& functions,
            const std::vector<Relation>& relations,
            const std::vector<Type>& types,
            const std::vector<FunctionCode>& codes,
            const std::vector<CodeUse>& uses);

  Reached Reach(const Code& code) const;
  // What changing the relation does.
  Reached ReachByWriting(Oid relation) const;

  // Whether a function or relation of the user's has this name, perhaps in
  // another schema.
  bool Knows(std::string_view name) const {
    return by_word_.contains(CodeWord(name));
  }

 private:
  struct Node {
    CustomSettings settings;
    bool unlistens = false;
    bool reads_channels = false;
    bool fires = false;
    std::vector<uint32_t> next;
  };
  // By a name: one node for a function (`write` as `read`), two for a relation.
  struct Named {
    uint32_t read = 0;
    uint32_t write = 0;
  };
  // The first two nodes.
  static constexpr uint32_t kAnything = 0;  // code that any may call
  static constexpr uint32_t kRelations = 1;

  Named Make(std::string_view name, bool relation);
  void Link(uint32_t from, const Code& code);
  void AddRelationEdges(const Relation& relation);
  void AddUse(const CodeUse& use);
  void Visit(std::vector<uint32_t> from, Reached* reached) const;

  std::vector<Node> nodes_;
  absl::flat_hash_map<std::string, std::vector<Named>> by_word_;
  absl::flat_hash_map<Oid, uint32_t> functions_;
  absl::flat_hash_map<Oid, Named> relations_;
};

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_CODE_GRAPH_H_
