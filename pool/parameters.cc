#include "pool/parameters.h"

#include <algorithm>
#include <utility>

namespace pgbraid::pool {

ParametersRef ParametersTable::Intern(Parameters parameters) {
  if (parameters.empty()) return empty_;
  std::erase_if(known_, [](const auto& weak) { return weak.expired(); });
  for (const auto& weak : known_) {
    ParametersRef known = weak.lock();
    if (*known == parameters) return known;
  }
  auto made = std::make_shared<const Parameters>(std::move(parameters));
  known_.push_back(made);
  return made;
}

ParametersRef ParametersTable::With(const ParametersRef& base,
                                    std::string_view name,
                                    std::string_view value) {
  auto found = base->find(name);
  if (found != base->end() && found->second == value) return base;
  Parameters changed = *base;
  changed.insert_or_assign(std::string(name), std::string(value));
  return Intern(std::move(changed));
}

bool IsHostParameter(std::string_view name) { return name == "in_hot_standby"; }

}  // namespace pgbraid::pool
