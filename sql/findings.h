// What is found out about one statement while its trees (its own, and those of
// the views and policies behind it) are looked at. Internal to the analysis.
#ifndef PGBRAID_SQL_FINDINGS_H_
#define PGBRAID_SQL_FINDINGS_H_

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/analysis.h"
#include "sql/code.h"
#include "sql/custom_settings.h"
#include "sql/statement.h"

namespace pgbraid::sql {

// One text whose tree is looked at.
struct Source {
  std::string_view text;
  // Null: its literals have no slots (a view's definition).
  const Fingerprint* fingerprint = nullptr;
  const AnalysisInput* input = nullptr;
  SearchPath path;
  // Whether the client wrote it. Otherwise it comes from the catalog.
  bool from_client = true;
  // The relations whose view or policy it is, from the outside in.
  std::vector<Oid> behind;

  const Catalog* catalog() const { return input->catalog; }
  bool StandsBehind(Oid relation) const {
    return std::find(behind.begin(), behind.end(), relation) != behind.end();
  }
};

// Views within views deeper than this are not expanded, nor more than so many
// views, policies and defaults for one statement.
inline constexpr size_t kMaxViewDepth = 16;
inline constexpr int kMaxExpansions = 256;

struct Findings {
  bool needs_primary = false;
  int primary_needs = 0;       // how many things need it
  int notify_calls = 0;        // how many of them are pg_notify()
  std::string primary_reason;  // the first one
  bool may_write = false;
  bool taints = false;
  bool unresolved = false;
  bool hidden_relations = false;
  std::string hidden_reason;  // the first one
  Pin pin = Pin::kNone;
  bool unpins = false;
  bool exports_snapshot = false;
  bool depends_on_path = false;
  bool reads_setting = false;
  bool reads_system_columns = false;
  bool reads_channels = false;
  bool by_text = false;
  bool advances_sequence = false;
  bool reads_sequence = false;
  bool differs_in_recovery = false;
  CustomSettings custom_settings;
  std::vector<uint16_t> setting_parameters;
  Code code;  // of a DO block
  int set_config_calls = 0;
  int harmless_set_config_calls = 0;  // of custom settings, local: no taint
  int expansions = 0;  // views and policies that were looked into
  std::vector<RelationRef> relations;

  // A standby cannot answer it, or answers otherwise; it changes nothing.
  void NeedPrimary(std::string reason) {
    ++primary_needs;
    if (needs_primary) return;
    needs_primary = true;
    primary_reason = std::move(reason);
  }
  // It changes something, or nobody knows.
  void MayWrite(std::string reason) {
    may_write = true;
    NeedPrimary(std::move(reason));
  }
  // It names what the catalogs do not have: nobody knows, yet.
  void NotFound(const std::string& what) {
    unresolved = true;
    MayWrite(what);
    HideRelations(what);
  }
  // It may reach relations that are not listed.
  void HideRelations(std::string reason) {
    if (hidden_relations) return;
    hidden_relations = true;
    hidden_reason = std::move(reason);
  }
};

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_FINDINGS_H_
