#include "sql/shape.h"

namespace pgbraid::sql {

Shape::Shape(std::string_view text, const Fingerprint& fingerprint) {
  size_t literal_bytes = 0;
  for (const Literal& literal : fingerprint.literals) {
    literal_bytes += literal.end - literal.begin;
  }
  outside_.reserve(text.size() - literal_bytes);
  literals_.reserve(fingerprint.literals.size());
  size_t from = 0;
  for (const Literal& literal : fingerprint.literals) {
    outside_.append(text.substr(from, literal.begin - from));
    literals_.push_back({static_cast<uint32_t>(outside_.size()), literal.kind});
    from = literal.end;
  }
  outside_.append(text.substr(from));
}

bool Shape::Matches(std::string_view text,
                    const Fingerprint& fingerprint) const {
  if (fingerprint.literals.size() != literals_.size()) return false;
  std::string_view outside = outside_;
  size_t from = 0;
  size_t cut = 0;
  for (size_t i = 0; i < literals_.size(); ++i) {
    const Literal& literal = fingerprint.literals[i];
    const Place& place = literals_[i];
    if (literal.kind != place.kind ||
        text.substr(from, literal.begin - from) !=
            outside.substr(cut, place.offset - cut)) {
      return false;
    }
    from = literal.end;
    cut = place.offset;
  }
  return text.substr(from) == outside.substr(cut);
}

size_t Shape::HeapBytes() const {
  return outside_.capacity() + literals_.capacity() * sizeof(Place);
}

}  // namespace pgbraid::sql
