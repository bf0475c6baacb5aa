#include "sql/code_graph.h"

#include <algorithm>
#include <utility>

namespace pgbraid::sql {
namespace {

bool IsUsers(Oid oid) { return oid >= kFirstUserOid; }

Code CodeOf(const FunctionCode& function) {
  Code code = ReadCode(function.source, function.language);
  code.settings.unknown |= function.calls_set_config;
  for (const std::string& setting : function.settings) {
    code.settings.Add(FindCustomSettings("SET " + setting));
  }
  return code;
}

}  // namespace

CodeGraph::CodeGraph(const std::vector<Function>& functions,
                     const std::vector<Relation>& relations,
                     const std::vector<Type>& types,
                     const std::vector<FunctionCode>& codes,
                     const std::vector<CodeUse>& uses) {
  nodes_.resize(2);
  absl::flat_hash_map<Oid, char> kinds;
  for (const Type& type : types) kinds.emplace(type.oid, type.kind);
  for (const Function& function : functions) {
    if (!IsUsers(function.oid)) continue;
    const uint32_t node = Make(function.name, false).read;
    functions_.emplace(function.oid, node);
    // row.name calls name(row).
    if (function.argument_types.empty()) continue;
    const auto kind = kinds.find(function.argument_types.front());
    if (kind != kinds.end() && (kind->second == 'c' || kind->second == 'p')) {
      nodes_[kRelations].next.push_back(node);
    }
  }
  for (const Relation& relation : relations) {
    if (!IsUsers(relation.oid)) continue;
    const Named named = Make(relation.name, true);
    relations_.emplace(relation.oid, named);
    nodes_[kRelations].next.push_back(named.write);
  }
  for (const FunctionCode& function : codes) {
    const auto node = functions_.find(function.function);
    if (node == functions_.end()) continue;
    Link(node->second, CodeOf(function));
  }
  for (const Relation& relation : relations) {
    if (IsUsers(relation.oid)) AddRelationEdges(relation);
  }
  for (const CodeUse& use : uses) AddUse(use);
}

CodeGraph::Named CodeGraph::Make(std::string_view name, bool relation) {
  Named named;
  named.read = static_cast<uint32_t>(nodes_.size());
  named.write = named.read + (relation ? 1 : 0);
  nodes_.resize(nodes_.size() + (relation ? 2 : 1));
  if (relation) nodes_[named.write].next.push_back(named.read);
  const std::string word = CodeWord(name);
  if (word.empty()) {
    // Without a letter in it, no text shows where it is named.
    nodes_[kAnything].next.push_back(named.write);
  } else {
    by_word_[word].push_back(named);
  }
  return named;
}

void CodeGraph::Link(uint32_t from, const Code& code) {
  Node& node = nodes_[from];
  node.settings.Add(code.settings);
  node.unlistens |= code.unlistens;
  node.reads_channels |= code.reads_channels;
  if (code.any_relation) node.next.push_back(kRelations);
  for (const std::string& word : code.words) {
    const auto named = by_word_.find(word);
    if (named == by_word_.end()) continue;
    for (const Named& each : named->second) {
      node.next.push_back(code.writes ? each.write : each.read);
    }
  }
}

void CodeGraph::AddRelationEdges(const Relation& relation) {
  const Named named = relations_.find(relation.oid)->second;
  nodes_[named.write].fires = relation.has_triggers || relation.has_rules;
  Code view = ReadCode(relation.view_definition, "sql");
  Link(named.read, view);
  view.writes = true;
  Link(named.write, view);
  for (const Policy& policy : relation.policies) {
    Link(named.read, ReadCode(policy.using_expression, "sql"));
    Link(named.read, ReadCode(policy.check_expression, "sql"));
  }
  for (const Column& column : relation.columns) {
    Link(named.write, ReadCode(column.default_expression, "sql"));
    // Perhaps a domain with a check.
    if (IsUsers(column.type)) nodes_[named.write].next.push_back(kAnything);
  }
  for (const Oid child : relation.children) {
    const auto other = relations_.find(child);
    if (other == relations_.end()) continue;
    nodes_[named.write].next.push_back(other->second.write);
  }
  // What is deleted there may be deleted here.
  for (const ForeignKey& key : relation.foreign_keys) {
    const auto target = relations_.find(key.target);
    if (target == relations_.end()) continue;
    nodes_[target->second.write].next.push_back(named.write);
  }
}

void CodeGraph::AddUse(const CodeUse& use) {
  uint32_t used = 0;
  if (use.of_relation) {
    const auto found = relations_.find(use.used);
    if (found == relations_.end()) return;
    used = found->second.write;
  } else {
    const auto found = functions_.find(use.used);
    if (found == functions_.end()) return;
    used = found->second;
  }
  uint32_t user = kAnything;
  if (use.by == CodeUse::By::kFunction) {
    const auto found = functions_.find(use.user);
    if (found != functions_.end()) user = found->second;
  } else if (use.by != CodeUse::By::kAnything) {
    const auto found = relations_.find(use.user);
    if (found != relations_.end()) {
      user = use.by == CodeUse::By::kRead ? found->second.read
                                          : found->second.write;
    }
  }
  nodes_[user].next.push_back(used);
}

void CodeGraph::Visit(std::vector<uint32_t> from, Reached* reached) const {
  std::vector<bool> seen(nodes_.size());
  while (!from.empty()) {
    const uint32_t place = from.back();
    from.pop_back();
    if (seen[place]) continue;
    seen[place] = true;
    const Node& node = nodes_[place];
    reached->settings.Add(node.settings);
    reached->unlistens |= node.unlistens;
    reached->reads_channels |= node.reads_channels;
    reached->fires |= node.fires;
    from.insert(from.end(), node.next.begin(), node.next.end());
  }
}

CodeGraph::Reached CodeGraph::Reach(const Code& code) const {
  Reached reached;
  reached.settings = code.settings;
  reached.unlistens = code.unlistens;
  reached.reads_channels = code.reads_channels;
  if (nodes_.empty()) return reached;
  std::vector<uint32_t> from = {kAnything};
  if (code.any_relation) from.push_back(kRelations);
  for (const std::string& word : code.words) {
    const auto named = by_word_.find(word);
    if (named == by_word_.end()) continue;
    for (const Named& each : named->second) {
      from.push_back(code.writes ? each.write : each.read);
    }
  }
  Visit(std::move(from), &reached);
  return reached;
}

CodeGraph::Reached CodeGraph::ReachByWriting(Oid relation) const {
  Reached reached;
  const auto found = relations_.find(relation);
  if (found != relations_.end()) Visit({found->second.write}, &reached);
  return reached;
}

}  // namespace pgbraid::sql
