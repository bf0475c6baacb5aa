// PostgreSQL's md5 authentication.
//
//   stored := "md5" hex(md5(password user))
//   answer := "md5" hex(md5(hex(md5(password user)) salt))
//
// Pure functions, any thread.
#ifndef PGBRAID_WIRE_MD5_H_
#define PGBRAID_WIRE_MD5_H_

#include <string>
#include <string_view>

namespace pgbraid::wire {

// What PostgreSQL stores: "md5" and 32 hexadecimal digits.
std::string Md5Secret(std::string_view user, std::string_view password);

// Whether `text` is "md5" and 32 hexadecimal digits.
bool IsMd5Secret(std::string_view text);

// What a client answers to AuthenticationMD5Password, from a plain password.
// `salt` is the message's four bytes.
std::string Md5Answer(std::string_view user, std::string_view password,
                      std::string_view salt);
// The same from a stored secret (IsMd5Secret).
std::string Md5AnswerFromSecret(std::string_view secret, std::string_view salt);

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_MD5_H_
