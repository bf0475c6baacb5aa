#include "router/name_edits.h"

#include <charconv>

#include "wire/error_response.h"

namespace pgbraid::router {
namespace {

// Exchanges the names, which PostgreSQL puts between double quotes.
std::string Renamed(std::string_view text, const NameEdits& edits) {
  std::string result(text);
  for (const auto& [server, client] : edits.names) {
    const std::string from = '"' + server + '"';
    for (size_t at = 0; (at = result.find(from, at)) != std::string::npos;) {
      result.replace(at + 1, server.size(), client);
      at += client.size() + 2;
    }
  }
  return result;
}

}  // namespace

size_t NameEdits::ClientPosition(size_t position) const {
  size_t grown = 0;  // by which the server's text is longer so far
  size_t shrunk = 0;
  for (const Edit& edit : edits) {
    const size_t begin = edit.begin + 1 + grown - shrunk;
    if (position <= begin) break;
    if (position < begin + edit.server_length) {
      return edit.begin + 1 + offset;
    }
    grown += edit.server_length;
    shrunk += edit.length;
  }
  return position + shrunk - grown + offset;
}

std::string CorrectedError(std::string_view body, const NameEdits& edits) {
  std::string corrected;
  wire::ErrorFields fields;
  wire::ParseErrorFields(body, &fields).IgnoreError();
  const std::string message = Renamed(fields.message, edits);
  const std::string detail = Renamed(fields.detail, edits);
  const std::string hint = Renamed(fields.hint, edits);
  fields.message = message;
  fields.detail = detail;
  fields.hint = hint;
  size_t position = 0;
  std::from_chars(fields.position.data(),
                  fields.position.data() + fields.position.size(), position);
  const std::string place = std::to_string(edits.ClientPosition(position));
  if (position > 0) fields.position = place;
  wire::AppendErrorResponse(fields, &corrected);
  return corrected;
}

size_t CountCharacters(std::string_view text, bool utf8) {
  if (!utf8) return text.size();
  size_t count = 0;
  for (char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++count;
  }
  return count;
}

}  // namespace pgbraid::router
