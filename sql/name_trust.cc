#include "sql/name_trust.h"

namespace pgbraid::sql {
namespace {

bool IsUserType(Oid type) { return type >= kFirstUserOid; }

// A value of a type of the user's can come about from one of a built-in type
// without the text saying so.
bool IsReachedImplicitly(Oid type, const Catalog& catalog) {
  for (const Cast& cast : catalog.casts()) {
    if (cast.context == 'i' && cast.target == type &&
        !IsUserType(cast.source)) {
      return true;
    }
  }
  return false;
}

// An operand of this type rules the candidate out.
bool RulesOut(Oid type, const Source& source, const TouchedTypes& touched) {
  return IsUserType(type) && !touched.contains(type) &&
         !IsReachedImplicitly(type, *source.catalog());
}

}  // namespace

bool OperatorIsBuiltIn(std::string_view schema, std::string_view name,
                       const Source& source, const TouchedTypes& touched) {
  if (source.catalog() == nullptr) return false;
  const std::vector<const Operator*> candidates =
      source.catalog()->FindOperators(schema, name, source.path);
  bool found = false;
  for (const Operator* candidate : candidates) {
    if (candidate->built_in()) {
      found = true;
    } else if (!RulesOut(candidate->left, source, touched) &&
               !RulesOut(candidate->right, source, touched)) {
      return false;
    }
  }
  return found;
}

const Function* UserOverload(const std::vector<const Function*>& overloads,
                             size_t argument_count) {
  for (const Function* function : overloads) {
    if (function->built_in()) continue;
    const size_t most = function->argument_types.size();
    const auto defaults = static_cast<size_t>(function->default_count);
    const size_t least = most - (defaults < most ? defaults : most);
    if (function->variadic
            ? argument_count + 1 >= least
            : argument_count >= least && argument_count <= most) {
      return function;
    }
  }
  return nullptr;
}

bool CastsAreBuiltIn(Oid target, const Source& source,
                     const TouchedTypes& touched) {
  if (source.catalog() == nullptr) return false;
  for (const Cast& cast : source.catalog()->casts()) {
    if (cast.function == 0) continue;
    const Function* function = source.catalog()->FindFunction(cast.function);
    if (function != nullptr && function->built_in()) continue;
    if (IsUserType(cast.source) && !touched.contains(cast.source)) continue;
    // A target of the user's is only reached by name, or because a value beside
    // it or an operand of the user's own operator or function is of that type.
    const bool reached =
        !IsUserType(cast.target) || touched.contains(cast.target);
    const bool applies =
        target == 0 ? cast.context == 'i' && reached : cast.target == target;
    if (applies) return false;
  }
  return true;
}

}  // namespace pgbraid::sql
