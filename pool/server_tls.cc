#include "pool/server_tls.h"

#include "pool/connection_value.h"

namespace pgbraid::pool {
namespace {

using Mode = ServerTls::Mode;
using Verify = net::TlsContext::Verify;

struct Named {
  std::string_view name;
  Mode mode;
  Verify verify;
};
constexpr Named kModes[] = {
    {"disable", Mode::kDisable, Verify::kNothing},
    {"prefer", Mode::kPrefer, Verify::kNothing},
    {"require", Mode::kRequire, Verify::kNothing},
    {"verify-ca", Mode::kVerifyCa, Verify::kAuthority},
    {"verify-full", Mode::kVerifyFull, Verify::kHost},
};

}  // namespace

StatusOr<std::shared_ptr<const ServerTls>> ServerTls::Make(
    std::string_view mode, const std::string& authority_file) {
  for (const Named& named : kModes) {
    if (named.name != mode) continue;
    std::shared_ptr<ServerTls> made(new ServerTls());
    made->mode_ = named.mode;
    made->options_ = "sslmode=" + std::string(mode);
    if (!authority_file.empty()) {
      made->options_ += " sslrootcert=" + ConnectionValue(authority_file);
    }
    if (named.mode != Mode::kDisable) {
      PGB_ASSIGN_OR_RETURN(made->context_, net::TlsContext::ForClient(
                                               named.verify, authority_file));
    }
    return std::shared_ptr<const ServerTls>(std::move(made));
  }
  return SqlError(sqlstate::kInvalidParameterValue,
                  "expected disable, prefer, require, verify-ca or "
                  "verify-full, not \"" +
                      std::string(mode) + "\"");
}

}  // namespace pgbraid::pool
