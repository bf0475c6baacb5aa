#include "pool/freshness.h"

#include <charconv>

namespace pgbraid::pool {
namespace {

constexpr uint64_t kPageBytes = 8192;
constexpr uint64_t kShortHeaderBytes = 24;
constexpr uint64_t kLongHeaderBytes = 40;

std::optional<uint32_t> ParseHex32(std::string_view text) {
  uint32_t value = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::optional<Lsn> ParseLsn(std::string_view text) {
  size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto high = ParseHex32(text.substr(0, slash));
  auto low = ParseHex32(text.substr(slash + 1));
  if (!high || !low) return std::nullopt;
  return (static_cast<Lsn>(*high) << 32) | *low;
}

Lsn NormalizeLsn(Lsn lsn, uint64_t wal_segment_bytes) {
  if (wal_segment_bytes != 0 && lsn % wal_segment_bytes == kLongHeaderBytes) {
    return lsn - kLongHeaderBytes;
  }
  if (lsn % kPageBytes == kShortHeaderBytes) return lsn - kShortHeaderBytes;
  return lsn;
}

bool FreshnessFloor::Resolve(const HostSample& primary) {
  if (!unresolved()) return true;
  if (primary.in_recovery || primary.begun <= unresolved_since) return false;
  // What could not be read bounds nothing.
  if (primary.lsn == 0 || primary.timeline == 0) return false;
  // A later sample bounds all that came before it, also an older floor. What
  // was lost with an old timeline cannot be asked for.
  lsn = primary.lsn;
  timeline = primary.timeline;
  unresolved_since = TimePoint{};
  return true;
}

bool FreshnessFloor::MetBy(const HostSample& standby,
                           uint32_t primary_timeline) const {
  if (!standby.in_recovery || standby.timeline == 0 ||
      standby.timeline != primary_timeline) {
    return false;
  }
  if (lsn == 0) return true;
  return timeline == primary_timeline && standby.lsn >= lsn;
}

}  // namespace pgbraid::pool
